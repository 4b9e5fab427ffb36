import type { Text } from './finding.ts';

/** Which half of a key pair a field of the secret takes. */
export type Half = 'private' | 'public';

/** What a key that the service refuses really is, and what to do about it. */
export interface KeyExplanation {
  readonly text: Text;
  readonly advice: Text | undefined;
}

/** The two texts of an explanation, and what to do if it is the private key that should be there. */
export function explain(en: string, zh: string, advice?: Text): KeyExplanation {
  return { text: { en, zh }, advice };
}

/** Where the platform's key comes from. */
export const PLATFORM_KEY: Text = {
  en: 'What belongs there is 平台公钥, as Baidu’s console shows it: one line that begins with MIGf or MIIB.',
  zh: '这里应填百度后台显示的“平台公钥”：一行，以 MIGf 或 MIIB 开头。',
};

/** What to do with a key that can never serve. */
export const MAKE_RSA: Text = {
  en: 'Make an RSA key, the only kind that Baidu takes: openssl genrsa -out merchant.pem 2048, and paste its public half into Baidu’s console.',
  zh: '请生成 RSA 密钥（百度只支持 RSA）：openssl genrsa -out merchant.pem 2048，并把它的公钥填入百度后台。',
};

/** For whoever pasted something else of the pair. */
export const WHERE_PRIVATE: Text = {
  en: 'The private key is in the file that openssl genrsa wrote, under BEGIN PRIVATE KEY or BEGIN RSA PRIVATE KEY.',
  zh: '私钥在 openssl genrsa 生成的文件中，以 BEGIN PRIVATE KEY 或 BEGIN RSA PRIVATE KEY 开头。',
};

/** For a platform key that Baidu does not show yet. */
export const LEAVE_OUT: Text = {
  en: 'While Baidu’s console shows none yet, leave the field out.',
  zh: '百度后台尚未显示平台公钥时，请不写这个字段。',
};

/** The command that writes a key in a form that the service takes. */
export function convert(command: string): Text {
  return {
    en: `If it is RSA, this makes merchant.pem of it: ${command}`,
    zh: `如果是 RSA 密钥，可转换为 merchant.pem：${command}`,
  };
}

/** What to do with a key that has more around it. */
export const ONLY_THE_KEY: Text = {
  en: 'This leaves only the key: openssl rsa -in key.pem -out merchant.pem',
  zh: '下面的命令只留下密钥：openssl rsa -in key.pem -out merchant.pem',
};

/** The command that takes the passphrase off a key. */
export function decrypt(command: string): Text {
  return {
    en: `This asks for the passphrase, and makes merchant.pem without it: ${command}`,
    zh: `下面的命令会询问口令，并生成不带口令的 merchant.pem：${command}`,
  };
}
