import { isRecord, parseJson } from '../../lib/baidu/json.ts';
import { convert, decrypt, explain, type KeyExplanation, MAKE_RSA, WHERE_PRIVATE } from './key-advice.ts';
import { derShape, type KeyText } from './key-text.ts';

/** Recognises what holds a key, or half of one, in a form that the service does not take. */
export function containerOf(key: KeyText): KeyExplanation | undefined {
  return binary(key) ?? puttyOrJson(key) ?? openSsh(key) ?? encrypted(key) ?? certificate(key) ?? store(key);
}

/** A JSON Web Key (RFC 7517). */
export function jwk(): KeyExplanation {
  const script =
    'crypto.createPrivateKey({ key: JSON.parse(fs.readFileSync("key.jwk")), format: "jwk" }).export({ type: "pkcs8", format: "pem" })';
  return explain('is a JWK (JSON).', '是 JWK（JSON）。', convert(`node -p '${script}' > merchant.pem`));
}

function binary({ text }: KeyText): KeyExplanation | undefined {
  if (!/[^\P{Cc}\s]|\ufffd/u.test(text)) return undefined;
  return explain(
    'is binary (DER, perhaps), not text.',
    '是二进制（可能是 DER），而不是文本。',
    convert('openssl rsa -inform DER -in key.der -out merchant.pem'),
  );
}

function puttyOrJson({ text, base64 }: KeyText): KeyExplanation | undefined {
  if (text.startsWith('PuTTY-User-Key-File')) {
    return explain(
      'is a key of PuTTY’s (.ppk).',
      '是 PuTTY 的密钥（.ppk）。',
      convert(
        'puttygen key.ppk -O private-openssh -o merchant.pem && ssh-keygen -p -m PEM -N "" -f merchant.pem',
      ),
    );
  }
  if (base64.startsWith('LS0tLS1CRUdJTi')) {
    return explain(
      'is a PEM that was encoded in base64 once more.',
      '是再次做了 base64 编码的 PEM。',
      convert('openssl base64 -d -A -in key.b64 -out merchant.pem'),
    );
  }
  const json = parseJson(text);
  return isRecord(json) && json['kty'] !== undefined ? jwk() : undefined;
}

/** @see OpenSSH, PROTOCOL.key: its magic, then how it is encrypted, then the public key with its type. */
function openSsh({ text, labels, base64, der }: KeyText): KeyExplanation | undefined {
  const type = /^(ssh-\w+|ecdsa-sha2-\w+) AAAA/.exec(text)?.[1];
  if (type) {
    return explain(`is a public key of OpenSSH (${type}).`, `是 OpenSSH 的公钥（${type}）。`, WHERE_PRIVATE);
  }
  if (!labels.includes('OPENSSH PRIVATE KEY') && !base64.startsWith('b3BlbnNzaC1rZXktdjE')) return undefined;
  if (der && !der.includes('ssh-rsa')) {
    return explain(
      'is a private key of OpenSSH, and not RSA.',
      '是 OpenSSH 的私钥，而且不是 RSA。',
      MAKE_RSA,
    );
  }
  return explain(
    'is a private key in OpenSSH’s own form.',
    '是 OpenSSH 自有格式的私钥。',
    convert('cp key merchant.pem && ssh-keygen -p -m PEM -N "" -f merchant.pem'),
  );
}

/** A passphrase in the way of PKCS#8 (RFC 5958, section 3: an algorithm, then bytes), or in that of old PEM. */
function encrypted({ text, labels, der }: KeyText): KeyExplanation | undefined {
  const [first, second] = (der && derShape(der)?.members) ?? [];
  const pem = labels.includes('ENCRYPTED PRIVATE KEY') || /Proc-Type:.*ENCRYPTED/.test(text);
  if (!pem && !(first === 0x30 && second === 0x04)) return undefined;
  return explain(
    'is encrypted with a passphrase; store the key without one.',
    '带有口令加密，请保存不带口令的密钥。',
    decrypt(
      pem
        ? 'openssl rsa -in encrypted.pem -out merchant.pem'
        : 'openssl base64 -d -A -in encrypted.b64 | openssl rsa -inform DER -out merchant.pem',
    ),
  );
}

/** @see RFC 5280, section 4.1: what is certified, and the algorithm of its signature, both sequences. */
function certificate({ labels, der }: KeyText): KeyExplanation | undefined {
  const [first, second] = (der && derShape(der)?.members) ?? [];
  const pem = labels.length > 0 && labels.every((label) => /CERTIFICATE|X509/.test(label));
  if (!pem && !(labels.length === 0 && first === 0x30 && second === 0x30)) return undefined;
  return explain(
    'is a certificate, or the request for one: it holds no private key, and Baidu takes none.',
    '是证书或证书请求：其中没有私钥，百度也不使用证书。',
    WHERE_PRIVATE,
  );
}

/** @see RFC 7292, section 4: version 3. A Java KeyStore begins with its magic number. */
function store({ der }: KeyText): KeyExplanation | undefined {
  if (der?.subarray(0, 4).toString('hex') === 'feedfeed') {
    return explain('is a Java KeyStore (.jks).', '是 Java KeyStore（.jks）。', {
      en: 'Turn it into a .p12 with keytool -importkeystore, and that into merchant.pem with openssl pkcs12 and openssl rsa.',
      zh: '先用 keytool -importkeystore 转为 .p12，再用 openssl pkcs12 和 openssl rsa 转为 merchant.pem。',
    });
  }
  const shape = der && derShape(der);
  if (shape?.version !== 3 || shape.members[1] !== 0x30) return undefined;
  return explain(
    'is a PKCS#12 store (.p12, .pfx).',
    '是 PKCS#12 证书库（.p12、.pfx）。',
    convert('openssl pkcs12 -in key.p12 -nocerts -nodes | openssl rsa -out merchant.pem'),
  );
}
