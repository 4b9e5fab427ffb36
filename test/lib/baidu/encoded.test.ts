import { generateKeyPairSync } from 'node:crypto';
import querystring from 'node:querystring';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalText, encodedTexts } from '../../../lib/baidu/canonical.ts';
import { ServiceError } from '../../../lib/baidu/errors.ts';
import { verifyAnyText } from '../../../lib/baidu/sign.ts';
import { readFields } from '../../../lib/baidu/webhook/form.ts';
import {
  checkNotification,
  type Notification,
  parseNotification,
} from '../../../lib/baidu/webhook/notification.ts';
import { sign } from '../../../local/cashier/signature/signature.ts';
import { anyText } from '../../support/any-text.ts';
import { DRINK, WRITTEN } from '../../support/encoders.ts';
import { PAID } from '../../support/notification.ts';
import { SAMPLE } from '../../support/vectors.ts';
import { withoutStack } from '../../support/without-stack.ts';

const platform = generateKeyPairSync('rsa', { modulusLength: 1024 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 1024 });
const FREE = ['promoDetail', 'returnData'];

/** Encoders that share nothing with the service's. */
const OTHERS: readonly ((value: string) => string)[] = [
  encodeURIComponent,
  querystring.escape,
  (value) => new URLSearchParams({ a: value }).toString().slice(2),
  (value) =>
    [...Buffer.from(value)]
      .map((byte) => (byte < 0x80 ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase()}`))
      .join(''),
  (value) =>
    [...Buffer.from(value)]
      .map((byte) => {
        const char = String.fromCharCode(byte);
        if (char === ' ') return '+';
        return /[\w.~-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
      })
      .join(''),
];

/** A notification whose values were changed by `encode` for its signature, as it arrives. */
function signedEncoded(fields: Record<string, string>, encode: (value: string) => string) {
  const encoded = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, encode(value)]));
  return { fields, signature: sign(encoded, platform.privateKey) };
}

/** Reads what arrives as each of its callers does: names are looked at first, since they are part of the text. */
const read = (signed: { fields: Record<string, string>; signature: string }, keys = [platform.publicKey]) =>
  parseNotification(checkNotification(readFields({ ...signed.fields, rsaSign: signed.signature })), {
    platformKeys: keys,
    dealIds: undefined,
  });

function expectForged(run: () => unknown): void {
  expect(run).toThrow(expect.objectContaining({ code: 'INVALID_SIGNATURE' }));
}

describe('a notification that was signed URL-encoded', () => {
  test.each(Object.entries(WRITTEN))('is taken as %s writes it', (_name, written) => {
    for (const name of FREE) {
      const fields = { ...PAID, [name]: DRINK };
      const signature = sign({ ...fields, [name]: written }, platform.privateKey);
      expect(read({ fields, signature })).toMatchObject({ reading: 'encoded', status: 'PAID', fields });
      expect(read({ fields, signature }, [stranger.publicKey, platform.publicKey]).reading).toBe('encoded');
    }
  });

  test('is taken whatever its free texts are, and is read as raw where encoding changes nothing', () => {
    const text = anyText({ maxLength: 20 });
    fc.assert(
      fc.property(text, text, fc.constantFrom(...OTHERS), (promoDetail, returnData, encode) => {
        const fields = { ...PAID, promoDetail, returnData };
        const same = FREE.every(
          (name) => encode(fields[name as 'returnData']) === fields[name as 'returnData'],
        );
        expect(read(signedEncoded(fields, encode))).toMatchObject({
          reading: same ? 'raw' : 'encoded',
          fields,
        });
      }),
      { numRuns: 1000 },
    );
  });

  test('is refused with any field changed, added or left out, and by another key', () => {
    const fields = { ...PAID, returnData: DRINK };
    const { signature } = signedEncoded(fields, encodeURIComponent);
    expectForged(() => read({ fields, signature }, [stranger.publicKey]));
    expectForged(() => read({ fields, signature }, []));
    expectForged(() => read({ fields: { ...fields, zzz: '' }, signature }));
    for (const [name, value] of Object.entries(fields)) {
      const changed = { ...fields, [name]: value === '1' ? '2' : '1' };
      expectForged(() => read({ fields: changed, signature }));
    }
  });

  test('is refused where the encoding changes anything but free text', () => {
    for (const [name, value] of [
      ['tpOrderId', 'shop:1'],
      ['tpOrderId', '100%'],
      ['zzz', 'a b'],
      ['zzz', '新'],
    ] as const) {
      const fields = { ...PAID, returnData: DRINK, [name]: value };
      expectForged(() => read(signedEncoded(fields, (text) => encodeURIComponent(text))));
      expect(read({ fields, signature: sign(fields, platform.privateKey) }).reading).toBe('raw');
    }
    // What an encoder leaves alone is no obstacle to that one.
    const fields = { ...PAID, returnData: DRINK, tpOrderId: 'shop:1' };
    const written = { ...fields, returnData: WRITTEN['only what is not ASCII'] ?? '' };
    expect(read({ fields, signature: sign(written, platform.privateKey) }).reading).toBe('encoded');
  });

  test('is refused half encoded, or encoded twice', () => {
    const fields = { ...PAID, promoDetail: DRINK, returnData: DRINK };
    const half = { ...fields, returnData: encodeURIComponent(DRINK) };
    expectForged(() => read({ fields, signature: sign(half, platform.privateKey) }));
    expectForged(() => read(signedEncoded(fields, (value) => encodeURIComponent(encodeURIComponent(value)))));
  });
});

describe('encodedTexts()', () => {
  test('has one text for each way to encode that differs, and none where nothing changes', () => {
    expect(new Set(encodedTexts({ a: '1', free: DRINK }, ['free']))).toEqual(
      new Set(Object.values(WRITTEN).map((written) => `a=1&free=${written}`)),
    );
    for (const params of [{ a: '1' }, { a: ' ', free: '' }, { a: '1', free: 'aZ09-_.' }]) {
      expect([...encodedTexts(params, ['free'])]).toEqual([]);
    }
  });
});

describe('verifyAnyText()', () => {
  test('finds the text that was signed, and looks at none for a stranger’s signature', () => {
    const signature = sign({ a: '1' }, platform.privateKey);
    expect(verifyAnyText(['a=2', 'a=1', 'a=3'], signature, platform.publicKey)).toBe(true);
    expect(verifyAnyText(['a=2'], signature, platform.publicKey)).toBe(false);
    expect(verifyAnyText([], signature, platform.publicKey)).toBe(false);
    let looked = 0;
    const texts = {
      *[Symbol.iterator]() {
        looked++;
        yield 'a=1';
      },
    };
    expect(verifyAnyText(texts, signature, stranger.publicKey)).toBe(false);
    expect(verifyAnyText(texts, `${signature}=`, platform.publicKey)).toBe(false);
    expect(verifyAnyText(texts, SAMPLE.signature, platform.publicKey)).toBe(false);
    expect(looked).toBe(0);
  });

  test('takes no private key', () => {
    expect(() => verifyAnyText([], '', platform.privateKey)).toThrow('is a private key');
  });
});

/** What no reading and no cut may change. */
const BINDING = Object.keys(PAID).filter((name) => !FREE.includes(name));

/** How an attacker may write values back so that a signed text comes out again. */
const DECODERS: readonly ((value: string) => string)[] = [
  (value) => value,
  (value) => percentDecoded(value.replaceAll('+', ' ')),
  percentDecoded,
  (value) => value.replace(/%(?:e[0-9a-f]%[89ab][0-9a-f]%[89ab][0-9a-f])/gi, percentDecoded),
];

function percentDecoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

test('one signed text has one reading, as far as money, ids and status go, whichever way Baidu signs', () => {
  const found = { raw: 0, encoded: 0 };
  fc.assert(
    fc.property(attack(), attack(), fc.nat(OTHERS.length), (promoDetail, returnData, way) => {
      const encode = OTHERS[way] ?? String;
      const fields = { ...PAID, status: '1', promoDetail: promoDetail.slice(0, 40), returnData };
      const { signature } = signedEncoded(fields, encode);
      const text = canonicalText(
        Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, encode(value)])),
      );
      for (const candidate of candidatesOf(text)) {
        const accepted = accept({ fields: candidate, signature });
        if (!accepted) continue;
        found[accepted.reading]++;
        for (const name of BINDING)
          expect(accepted.fields[name], `${name} in ${JSON.stringify(candidate)}`).toBe(
            fields[name as 'status'],
          );
      }
    }),
    // The example hides a field in the name of another.
    { numRuns: 300, examples: [['', '&status=2&sx', OTHERS.length]] },
  );
  expect(found.raw).toBeGreaterThan(100);
  expect(found.encoded).toBeGreaterThan(100);
});

/** Text as an attacker would choose it: pieces that look like fields, plain and encoded, in the order of the text. */
function attack(): fc.Arbitrary<string> {
  const pieces = [
    ...['&promoMoney=999', '&promoX=1', '&returnData=y', '&rst=1', '&settle=', '&status=2', '&statusx='],
    ...['&totalMoney=1', '&tpOrderId=9', '&tpX=', '&unitPrice=1', '&userId=5', '&zzz='],
  ];
  const written = pieces.map((piece) =>
    fc.constantFrom('', piece, encodeURIComponent(piece), piece.replace('&', '%26'), `${piece}%E6%96%B0`),
  );
  return fc
    .tuple(fc.constantFrom('', 'x', '新', '%E6%96%B0', 'a+b c'), fc.tuple(...written), fc.nat(12), fc.nat(12))
    .map(([head, parts, a, b]) => head + parts.slice(Math.min(a, b), Math.max(a, b)).join(''));
}

/** Every form that could have made a text: cut at its `&` with at most one run left joined, values decoded or not. */
function* candidatesOf(text: string): Generator<Record<string, string>> {
  const pieces = text.split('&');
  for (let from = 0; from < pieces.length; from++) {
    for (let to = from; to < pieces.length; to++) {
      if (to === from && from > 0) continue;
      const parts = [...pieces.slice(0, from), pieces.slice(from, to + 1).join('&'), ...pieces.slice(to + 1)];
      const pairs = parts.map((part) => part.split(/=(.*)/s, 2) as [string, string]);
      if (new Set(pairs.map(([name]) => name)).size < pairs.length) continue;
      const forms = DECODERS.map((decode) => pairs.map(([name, value = '']) => [name, decode(value)]));
      // Decoders often agree.
      const different = new Map(forms.map((form) => [JSON.stringify(form), form]));
      for (const form of different.values()) yield Object.fromEntries(form);
    }
  }
}

function accept(signed: { fields: Record<string, string>; signature: string }): Notification | undefined {
  try {
    return withoutStack(() => read(signed));
  } catch (error) {
    if (error instanceof ServiceError) return undefined;
    throw error;
  }
}
