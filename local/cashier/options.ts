import type { KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { UsageError } from '../command/command.ts';
import { CashierError } from './error.ts';
import { deliverTo } from './merchant/delivery.ts';
import { readPrivateKey, readPublicKey } from './signature/keys.ts';
import { holdsPrivateKey } from './signature/private-keys.ts';

/** The whole number that an option names; throws `UsageError`, as do the others. */
export function wholeFrom(
  name: string,
  value: string | undefined,
  largest: number,
  least = 0,
): number | undefined {
  if (value === undefined) return undefined;
  if (/^[0-9]{1,16}$/.test(value) && Number(value) >= least && Number(value) <= largest) return Number(value);
  throw new UsageError({
    en: `--${name} must be a whole number from ${least} to ${largest}, not ${value}.`,
    zh: `--${name} 必须是 ${least} 到 ${largest} 的整数，不能是 ${value}。`,
  });
}

/** One of the words that an option may be, the first where it is not given. */
export function wordFrom<const T extends string>(
  name: string,
  value: string | undefined,
  words: readonly [T, ...T[]],
): T {
  const found = words.find((word) => word === (value ?? words[0]));
  if (found !== undefined) return found;
  throw new UsageError({
    en: `--${name} must be ${words.join(' or ')}, not ${value}.`,
    zh: `--${name} 只能是 ${words.join(' 或 ')}，不能是 ${value}。`,
  });
}

/** The address that an option names. */
export function urlFrom(name: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  try {
    deliverTo(value);
    return value;
  } catch (error) {
    if (!(error instanceof CashierError)) throw error;
    throw new UsageError({
      en: `--${name} must be an http or https URL, not ${value}.`,
      zh: `--${name} 必须是 http 或 https 地址，不能是 ${value}。`,
    });
  }
}

/** The platform's private key: the file that an option names. */
export function platformKeyFrom(name: string, value: string | undefined): KeyObject | undefined {
  if (value === undefined) return undefined;
  const text = readText(name, value);
  return keyFrom(() => readPrivateKey(text), {
    en: `--${name}: ${value} is not an RSA private key of 1024 bits or more (openssl genrsa -out platform.pem 2048).`,
    zh: `--${name}：${value} 不是 1024 位以上的 RSA 私钥（生成：openssl genrsa -out platform.pem 2048）。`,
  });
}

/** The merchant's public key: a file, or the key itself in bare base64 or PEM. */
export function merchantKeyFrom(name: string, value: string | undefined): KeyObject | undefined {
  if (value === undefined) return undefined;
  const isKey = !existsSync(value) && /^(-----BEGIN|MI[A-Za-z0-9+/=\s]{100,}$)/.test(value);
  const text = isKey ? value : readText(name, value);
  if (holdsPrivateKey(text)) {
    throw new UsageError({
      en: `--${name}: this is a private key; its public half belongs here (openssl rsa -in merchant.pem -pubout).`,
      zh: `--${name}：这是私钥，这里应为它的公钥（openssl rsa -in merchant.pem -pubout）。`,
    });
  }
  return keyFrom(() => readPublicKey(text), {
    en: `--${name}: this is not an RSA public key of 1024 bits or more, in PEM or bare base64.`,
    zh: `--${name}：这不是 1024 位以上的 RSA 公钥（PEM 或不带首尾行的 base64）。`,
  });
}

function keyFrom(read: () => KeyObject, otherwise: { en: string; zh: string }): KeyObject {
  try {
    return read();
  } catch (error) {
    if (error instanceof CashierError) throw new UsageError(otherwise);
    throw error;
  }
}

function readText(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      code === 'ENOENT'
        ? { en: `--${name}: there is no file ${file}.`, zh: `--${name}：没有文件 ${file}。` }
        : {
            en: `--${name}: ${file} cannot be read (${code}).`,
            zh: `--${name}：无法读取 ${file}（${code}）。`,
          },
    );
  }
}
