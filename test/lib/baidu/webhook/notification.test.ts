import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { canonicalText } from '../../../../lib/baidu/canonical.ts';
import { ServiceError } from '../../../../lib/baidu/errors.ts';
import { publicKeyText, readPrivateKey, readPublicKey } from '../../../../lib/baidu/keys.ts';
import {
  checkNotification,
  parseNotification,
  type UnverifiedNotification,
} from '../../../../lib/baidu/webhook/notification.ts';
import { sign } from '../../../../local/cashier/signature/signature.ts';
import { PAID } from '../../../support/notification.ts';
import { PLATFORM, SAMPLE } from '../../../support/vectors.ts';
import { withoutStack } from '../../../support/without-stack.ts';

/** In the form of a signature; whether it fits is not the question here. */
const rsaSign = Buffer.alloc(128, 1).toString('base64');

/** What no cut of a signed text may change. */
const BINDING = Object.keys(PAID).filter((name) => name !== 'promoDetail' && name !== 'returnData');

describe('checkNotification()', () => {
  test('takes the genuine cut of a text, whatever is in its free text', () => {
    const promoDetail = '{"a":"b&c=d&status=2"}';
    const { fields } = checkNotification({ ...PAID, promoDetail, rsaSign });
    expect(fields).toEqual({ ...PAID, promoDetail });
  });

  test('leaves one cut of a signed text, as far as money, ids and status go', () => {
    let others = 0;
    fc.assert(
      fc.property(attack(), (returnData) => {
        const genuine = { ...PAID, status: '1', returnData };
        const text = canonicalText(genuine);
        for (const cut of cutsOf(text)) {
          // A signature over the genuine text fits no other text.
          if (canonicalText(cut) !== text) continue;
          const accepted = read(cut);
          if (!accepted) continue;
          others++;
          const changed = BINDING.filter((name) => accepted[name] !== genuine[name as 'status']);
          if (changed.length > 0) expect.unreachable(`${changed} in ${JSON.stringify(cut)}`);
        }
      }),
      { numRuns: 2000 },
    );
    expect(others).toBeGreaterThan(500);
  });
});

describe('checkNotification(): every field', () => {
  const check = (changes: Record<string, string> = {}) => checkNotification({ ...PAID, rsaSign, ...changes });

  function expectRefused(form: Record<string, string>, code: string, message: string): void {
    expect(() => checkNotification(form)).toThrow(expect.objectContaining({ code, message }));
  }

  const VALUES: [string, string[], string[], string[]][] = [
    [
      'an id',
      ['userId', 'orderId', 'dealId'],
      ['1', '9223372036854775807'],
      ['', '0', '01', '-1', 'x', '9223372036854775808', '1&a=2'],
    ],
    [
      'an amount',
      ['unitPrice', 'totalMoney', 'payMoney', 'promoMoney', 'hbMoney', 'hbBalanceMoney', 'giftCardMoney'],
      ['0', '1', '10', '9007199254740991'],
      ['', '-1', '1.5', '01', '1e2', '1x', 'x1', ' 1', '1\n', '9007199254740992', '1&a=2'],
    ],
    [
      'a whole number',
      ['count', 'payTime', 'payType', 'partnerId'],
      ['0', '7', '9'.repeat(19)],
      ['', '00', '-1', 'x', '1x', '9'.repeat(20), '1&a=2'],
    ],
    ['a status', ['status'], ['1', '2', '-1'], ['', '0', '3', '02', 'toString', '2&a=2']],
    [
      'an id of the merchant’s own',
      ['tpOrderId'],
      ['a', '!"#$%', "'()*+,-./", ':;<', '>?@[\\]^_`{|}~', 'x'.repeat(128)],
      ['', ' ', 'a&b', 'a=b', 'a b', 'é', 'x'.repeat(129), 'a\n', '\u007f'],
    ],
    [
      'free text',
      ['promoDetail', 'returnData'],
      ['', '支付 & = \n', '&promoMoney', 'promoMoney=1'],
      ['&promoMoney=', 'a&promoMoney=1&b='],
    ],
  ];

  test.each(VALUES)('is %s where one belongs', (_kind, names, good, bad) => {
    for (const name of names) {
      for (const value of good) expect(check({ [name]: value }).fields).toEqual({ ...PAID, [name]: value });
      for (const value of bad) {
        expectRefused(
          { ...PAID, rsaSign, [name]: value },
          'INVALID_NOTIFICATION',
          `The field ${name} is malformed.`,
        );
      }
    }
  });

  test.each(Object.keys(PAID))('is there: %s', (name) => {
    const { [name]: _dropped, ...rest } = PAID;
    expectRefused({ ...rest, rsaSign }, 'INVALID_NOTIFICATION', `The field ${name} is missing.`);
  });

  test('may be one that Baidu adds, without an &', () => {
    expect(check({ zzz: '=新', toString: '' }).fields).toEqual({ ...PAID, zzz: '=新', toString: '' });
    for (const name of ['zzz', 'toString']) {
      const form = { ...PAID, rsaSign, [name]: 'a&b' };
      expectRefused(form, 'INVALID_NOTIFICATION', `The field ${name} is malformed.`);
    }
  });

  test.each(['sign', 'sign_type'])('is covered by the signature: %s is not', (name) => {
    expectRefused(
      { ...PAID, rsaSign, [name]: '' },
      'INVALID_SIGNATURE',
      `The field ${name} is covered by no signature.`,
    );
  });

  test('is read before the signature’s bytes are looked at, and the signature is no field', () => {
    expect(check()).toEqual({ fields: PAID, signature: rsaSign });
  });

  test('has a signature of 128 bytes at least, in canonical base64', () => {
    expectRefused({ ...PAID }, 'INVALID_NOTIFICATION', 'The field rsaSign is missing.');
    const short = Buffer.alloc(127, 1).toString('base64');
    for (const bad of ['', '*', short, `${rsaSign}=`]) {
      const form = { ...PAID, rsaSign: bad };
      expectRefused(form, 'INVALID_NOTIFICATION', 'The field rsaSign is malformed.');
    }
  });

  test('has a signature whose + may have become blanks', () => {
    const plus = Buffer.alloc(129, 0xfb).toString('base64');
    expect(plus).toMatch(/\+.*\+/);
    expect(check({ rsaSign: plus.replaceAll('+', ' ') }).signature).toBe(plus);
  });
});

describe('parseNotification()', () => {
  const platformKeys = [readPublicKey(PLATFORM.publicKey)];
  let genuine: UnverifiedNotification;
  beforeAll(() => {
    genuine = checkNotification(Object.fromEntries(new URLSearchParams(PLATFORM.body)));
  });
  const stranger = readPublicKey(publicKeyText(readPrivateKey(SAMPLE.privateKey)));

  function expectRefused(read: () => unknown, code: string, message: string): void {
    expect(read).toThrow(expect.objectContaining({ code, message }));
  }

  test('reads what was verified', () => {
    expect(parseNotification(genuine, { platformKeys, dealIds: undefined })).toEqual({
      orderId: '2645985458',
      siteId: '3269234686470',
      tpOrderId: '18607895241',
      status: 'PAID',
      totalMoney: 1,
      reading: 'raw',
      fields: genuine.fields,
    });
  });

  test.each([
    ['1', 'UNPAID'],
    ['2', 'PAID'],
    ['-1', 'CANCELLED'],
  ])('names the status %s %s', (status, name) => {
    const privateKey = readPrivateKey(SAMPLE.privateKey);
    const fields = { ...PAID, status };
    const signed = { fields, signature: sign(fields, privateKey) };
    expect(parseNotification(signed, { platformKeys: [stranger], dealIds: undefined }).status).toBe(name);
  });

  test('takes any of the platform’s keys', () => {
    for (const keys of [
      [stranger, ...platformKeys],
      [...platformKeys, stranger],
    ]) {
      expect(parseNotification(genuine, { platformKeys: keys, dealIds: undefined }).status).toBe('PAID');
    }
  });

  test.each([
    ['no key', []],
    ['a stranger’s key', [stranger]],
  ])('refuses what fits %s', (_name, keys) => {
    expectRefused(
      () => parseNotification(genuine, { platformKeys: keys, dealIds: undefined }),
      'INVALID_SIGNATURE',
      'The signature is not of Baidu’s platform over these fields.',
    );
  });

  test('refuses a field changed, dropped or added', () => {
    const { count: _dropped, ...rest } = genuine.fields;
    for (const fields of [{ ...genuine.fields, payMoney: '2' }, rest, { ...genuine.fields, zzz: '' }]) {
      expectRefused(
        () => parseNotification({ ...genuine, fields }, { platformKeys, dealIds: undefined }),
        'INVALID_SIGNATURE',
        'The signature is not of Baidu’s platform over these fields.',
      );
    }
  });

  test('takes only our deals, where they are named', () => {
    expect(parseNotification(genuine, { platformKeys, dealIds: new Set(['1', '2500207776']) }).status).toBe(
      'PAID',
    );
    for (const dealIds of [new Set(['1']), new Set<string>()]) {
      expectRefused(
        () => parseNotification(genuine, { platformKeys, dealIds }),
        'UNKNOWN_DEAL',
        'The dealId is not ours.',
      );
    }
  });
});

/** Text as an attacker would choose it: pieces that look like fields, in the order of the signed text. */
function attack(): fc.Arbitrary<string> {
  const pieces = [
    ...[
      '&promoMoney=999',
      '&promoX=1',
      '&returnData=y',
      '&rst=1',
      '&settle=',
      '&status=2',
      '&statusx=',
      '&totalMoney=1',
    ],
    ...['&tpOrderId=9', '&tpX=', '&unitPrice=1', '&userId=5', '&zzz='],
  ];
  return fc
    .record({
      head: fc.constantFrom('', 'x'),
      ends: fc.tuple(fc.nat({ max: pieces.length }), fc.nat({ max: pieces.length })),
      dropped: fc.array(fc.nat({ max: 3 }), { minLength: pieces.length, maxLength: pieces.length }),
    })
    .map(({ head, ends: [a, b], dropped }) => {
      const kept = pieces
        .slice(Math.min(a, b), Math.max(a, b))
        .filter((_piece, index) => dropped[index] !== 0);
      return head + kept.join('');
    });
}

/** Every way to cut a text at its `&` in which at most one run of pieces stays joined. */
function* cutsOf(text: string): Generator<Record<string, string>> {
  const pieces = text.split('&');
  const pairOf = (piece: string) => {
    const cut = piece.indexOf('=');
    return [piece.slice(0, cut), piece.slice(cut + 1)] as const;
  };
  const single = pieces.map(pairOf);
  for (let from = 0; from < pieces.length; from++) {
    for (let to = from; to < pieces.length; to++) {
      const joined = pairOf(pieces.slice(from, to + 1).join('&'));
      const pairs = [...single.slice(0, from), joined, ...single.slice(to + 1)];
      const fields = Object.fromEntries(pairs);
      // A name that comes twice is refused before the fields are looked at.
      if (Object.keys(fields).length === pairs.length) yield fields;
      if (from === 0 && to > 0) break;
    }
  }
}

function read(cut: Record<string, string>): Readonly<Record<string, string>> | undefined {
  try {
    return withoutStack(() => checkNotification({ ...cut, rsaSign })).fields;
  } catch (error) {
    // Not an assertion of vitest's for each of some hundred thousand refusals: they take longer than all else here.
    if (error instanceof ServiceError) return undefined;
    throw error;
  }
}
