import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { decodeBase64 } from './base64.ts';
import { type ServiceError, unfitField } from './errors.ts';

/** What a private key is tried on. */
const SAMPLE = Buffer.from('sample');

/** Baidu's own instructions make keys of 1024 bits; nothing below is taken. */
const MIN_BITS = 1024;

const PEM = /^-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----$/s;

const PEM_HOLDS: Readonly<Record<string, 'private' | 'public'>> = {
  'RSA PRIVATE KEY': 'private',
  'PRIVATE KEY': 'private',
  'PUBLIC KEY': 'public',
  'RSA PUBLIC KEY': 'public',
};

/**
 * Reads the merchant's private key in any form in which merchants hold it: PKCS#1 or PKCS#8, PEM or bare
 * base64, with line breaks, `\n` written as two characters, CRLF, or none.
 *
 * @param field the name under which an error speaks of the key; its value is never repeated
 * @throws ServiceError `CONFIGURATION_UNAVAILABLE` for anything but an RSA private key of 1024 bits or more that signs;
 *   `TypeError` for what is no string, such as a variable that is not set
 * @example
 * const privateKey = readPrivateKey(privateKeyPem);
 * privateKey.type; // => 'private'
 */
export function readPrivateKey(text: string, field = 'privateKey'): KeyObject {
  const der = decodeKey(text, 'private', field);
  const found = privateKeyIn(der);
  if (!found && publicKeyIn(der)) throw otherHalf(field, 'public');
  const key = usable(found, field, 'an RSA private key in PKCS#1 or PKCS#8');
  if (!isUndamaged(key)) throw unfitField(field, 'is damaged: what it signs does not verify; copy it again');
  return key;
}

/**
 * Reads a public key as Baidu's console shows it (bare base64 SPKI) or as PEM.
 *
 * @param field the name under which an error speaks of the key
 * @throws ServiceError `CONFIGURATION_UNAVAILABLE` for anything but an RSA public key of 1024 bits or more; `TypeError`
 *   for what is no string
 * @example
 * const platformKey = readPublicKey(platformPublicKey);
 * platformKey.asymmetricKeyDetails?.modulusLength; // => 1024
 */
export function readPublicKey(text: string, field = 'platformPublicKey'): KeyObject {
  const der = decodeKey(text, 'public', field);
  // OpenSSL reads a public key out of a private one; whoever pasted that pasted the wrong key.
  if (privateKeyIn(der)) throw otherHalf(field, 'private');
  return usable(publicKeyIn(der), field, 'an RSA public key in SPKI, as Baidu’s console shows it');
}

/**
 * The public half of a key as bare base64 SPKI: the form that Baidu's console takes and shows.
 *
 * @example
 * const forTheConsole = publicKeyText(readPrivateKey(privateKeyPem));
 * forTheConsole.slice(0, 5); // => 'MIGfM'
 */
export function publicKeyText(key: KeyObject): string {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
}

/**
 * The end of a public key's encoding, without parsing it: the same for the same key, in whichever form it is written,
 * since both forms end with the numbers. `undefined` where the text is no encoding of a public key.
 */
export function keyTail(text: string): string | undefined {
  try {
    return decodeKey(text, 'public', '').subarray(-128).toString('base64');
  } catch {
    return undefined;
  }
}

/** The size of an RSA key in bits; 0 for a key of another kind. */
export function keyBits(key: KeyObject): number {
  return key.asymmetricKeyDetails?.modulusLength ?? 0;
}

/** What is wrong with a key for signing by Baidu's rules, as the end of a sentence; `undefined` if nothing is. */
export function keyFault(key: KeyObject): string | undefined {
  if (key.asymmetricKeyType !== 'rsa') return `must be RSA, not ${key.asymmetricKeyType ?? 'symmetric'}`;
  if (keyBits(key) < MIN_BITS) return `has ${keyBits(key)} bits; the least is ${MIN_BITS}`;
  return undefined;
}

function decodeKey(text: string, wanted: 'private' | 'public', field: string): Buffer {
  if (typeof text !== 'string') throw new TypeError(`The ${wanted} key must be a string.`);
  const trimmed = text.replace(/\\+[rn]/g, '\n').trim();
  const [, label, inner] = PEM.exec(trimmed) ?? [];
  if (label === 'ENCRYPTED PRIVATE KEY' || inner?.includes('ENCRYPTED')) {
    throw unfitField(field, 'is encrypted with a passphrase; store the key without one');
  }
  if (label !== undefined) {
    const held = PEM_HOLDS[label];
    if (!held) throw unfitField(field, `is a PEM of another kind (${label})`);
    if (held !== wanted) throw otherHalf(field, held);
  }
  const der = decodeBase64((inner ?? trimmed).replace(/\s+/g, ''));
  if (!der?.length) throw unfitField(field, 'is neither PEM nor bare base64, or was cut');
  return der;
}

function otherHalf(field: string, held: 'private' | 'public'): ServiceError {
  const wanted = held === 'private' ? 'public' : 'private';
  return unfitField(field, `is a ${held} key; a ${wanted} one belongs there`);
}

function privateKeyIn(der: Buffer): KeyObject | undefined {
  return firstReadable(['pkcs8', 'pkcs1'] as const, (type) =>
    createPrivateKey({ key: der, format: 'der', type }),
  );
}

function publicKeyIn(der: Buffer): KeyObject | undefined {
  return firstReadable(['spki', 'pkcs1'] as const, (type) =>
    createPublicKey({ key: der, format: 'der', type }),
  );
}

/** OpenSSL reads a private key without a look at whether its numbers belong together, and signs with what it has. */
function isUndamaged(key: KeyObject): boolean {
  try {
    return verify('sha256', SAMPLE, createPublicKey(key), sign('sha256', SAMPLE, key));
  } catch {
    return false;
  }
}

/**
 * What the first encoding gives that can be read. The errors of the decoder are dropped on purpose: some of them print
 * what they were given.
 *
 * @internal
 */
export function firstReadable<Type>(
  types: readonly Type[],
  read: (type: Type) => KeyObject,
): KeyObject | undefined {
  for (const type of types) {
    try {
      return read(type);
    } catch {
      // The next encoding is tried.
    }
  }
  return undefined;
}

function usable(key: KeyObject | undefined, field: string, wanted: string): KeyObject {
  if (!key) throw unfitField(field, `is not ${wanted}`);
  const fault = keyFault(key);
  if (fault) throw unfitField(field, fault);
  return key;
}
