import { createPrivateKey, createPublicKey, generateKeyPair, KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { CashierError } from '../error.ts';

/** Makes a platform key of the size that Baidu's instructions name: RSA, 1024 bits. */
export async function generatePlatformKey(): Promise<KeyObject> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 1024 });
  return privateKey;
}

/** Reads an RSA private key from PEM (PKCS#1 or PKCS#8) or passes a key object on. */
export function readPrivateKey(key: string | KeyObject): KeyObject {
  return rsa('private', () => (key instanceof KeyObject ? key : createPrivateKey(key)));
}

/** Reads an RSA public key from PEM or from the bare base64 (SPKI) that Baidu's console shows. */
export function readPublicKey(key: string | KeyObject): KeyObject {
  return rsa('public', () => {
    if (key instanceof KeyObject) return key;
    if (key.includes('PRIVATE KEY')) {
      throw new CashierError('INVALID', {
        en: 'a private key was given where a public one belongs',
        zh: '这是私钥，此处应为公钥',
      });
    }
    if (key.includes('-----BEGIN')) return createPublicKey(key);
    return createPublicKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'spki' });
  });
}

/** Writes the public half of a key as bare base64 SPKI, the form that Baidu's console shows. */
export function publicKeyText(key: KeyObject): string {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
}

const NAMES = { private: '私钥', public: '公钥' };

function rsa(type: 'private' | 'public', read: () => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch (cause) {
    if (cause instanceof CashierError) throw cause;
    const text = { en: `not an RSA ${type} key that can be read`, zh: `不是可读取的 RSA ${NAMES[type]}` };
    throw new CashierError('INVALID', text, { cause });
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa' || key.type !== type || bits < 1024) {
    throw new CashierError('INVALID', {
      en: `not an RSA ${type} key of 1024 bits or more`,
      zh: `不是 1024 位以上的 RSA ${NAMES[type]}`,
    });
  }
  return key;
}
