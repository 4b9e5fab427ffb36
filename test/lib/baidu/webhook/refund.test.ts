import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalText } from '../../../../lib/baidu/canonical.ts';
import { ServiceError } from '../../../../lib/baidu/errors.ts';
import { checkNotification } from '../../../../lib/baidu/webhook/notification.ts';
import {
  checkRefundAudit,
  checkRefundNotification,
  parseRefundAudit,
  parseRefundNotification,
} from '../../../../lib/baidu/webhook/refund.ts';
import { sign } from '../../../../local/cashier/signature/signature.ts';
import { everyCutOf } from '../../../support/cuts.ts';
import { PAID } from '../../../support/notification.ts';

type Form = Readonly<Record<string, string>>;

const platform = generateKeyPairSync('rsa', { modulusLength: 1024 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 1024 });
const KEYS = { platformKeys: [stranger.publicKey, platform.publicKey], dealIds: undefined };

/** In the form of a signature; whether it fits is not the question here. */
const rsaSign = Buffer.alloc(128, 1).toString('base64');

const REFUNDED: Form = {
  orderId: '1920891312',
  userId: '3747777038',
  tpOrderId: '3028903626',
  refundBatchId: '152713835',
  refundStatus: '1',
};
const ASKED: Form = {
  orderId: '1920891312',
  userId: '3747777038',
  tpOrderId: '3028903626',
  refundBatchId: '152713835',
  applyRefundMoney: '9800',
};

const signed = (fields: Form, key = platform.privateKey) => ({ ...fields, rsaSign: sign(fields, key) });
const readRefund = (form: Form, keys = KEYS) => parseRefundNotification(checkRefundNotification(form), keys);
const readAudit = (form: Form, keys = KEYS) => parseRefundAudit(checkRefundAudit(form), keys);

function without(fields: Form, ...names: string[]): Form {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}

function expectRefused(run: () => unknown, code: string, message: string): void {
  expect(run).toThrow(expect.objectContaining({ code, message }));
}

describe('parseRefundNotification()', () => {
  test.each([
    ['1', { status: 'SUCCEEDED', code: 1 }],
    ['2', { status: 'FAILED', code: 2 }],
  ])('reads what was verified: refundStatus %s', (refundStatus, expected) => {
    const fields = { ...REFUNDED, refundStatus };
    expect(readRefund(signed(fields))).toEqual({
      orderId: '1920891312',
      siteId: '3747777038',
      tpOrderId: '3028903626',
      refundBatchId: '152713835',
      ...expected,
      fields,
    });
  });

  test('has no user and no order of the merchant’s where Baidu names none', () => {
    const least = without(REFUNDED, 'userId', 'tpOrderId');
    for (const fields of [least, { ...least, userId: '', tpOrderId: '' }]) {
      expect(readRefund(signed(fields))).toEqual({
        ...{ orderId: '1920891312', refundBatchId: '152713835', status: 'SUCCEEDED', code: 1 },
        fields,
      });
    }
  });

  test('has no amount: what Baidu may add is passed on, and read by nobody', () => {
    const fields = { ...REFUNDED, refundMoney: '1', toString: 'a=b' };
    expect(readRefund(signed(fields)).fields).toEqual(fields);
  });
});

describe('parseRefundAudit()', () => {
  test('reads what was verified', () => {
    expect(readAudit(signed(ASKED))).toEqual({
      orderId: '1920891312',
      siteId: '3747777038',
      tpOrderId: '3028903626',
      refundBatchId: '152713835',
      applyRefundMoney: 9800,
      fields: ASKED,
    });
  });

  test('has neither amount nor order of the merchant’s where Baidu names none', () => {
    const least = without(ASKED, 'tpOrderId', 'applyRefundMoney');
    for (const fields of [least, { ...least, tpOrderId: '' }]) {
      const audit = readAudit(signed(fields));
      expect(audit).toEqual({
        ...{ orderId: '1920891312', siteId: '3747777038', refundBatchId: '152713835' },
        fields,
      });
    }
    expect(readAudit(signed({ ...least, applyRefundMoney: '0' })).applyRefundMoney).toBe(0);
  });
});

describe.each([
  ['parseRefundNotification()', REFUNDED, readRefund],
  ['parseRefundAudit()', ASKED, readAudit],
])('%s refuses', (_name, genuine, read) => {
  const expectForged = (run: () => unknown) =>
    expectRefused(run, 'INVALID_SIGNATURE', 'The signature is not of Baidu’s platform over these fields.');

  test('what a stranger signed, and everything where there is no key', () => {
    expectForged(() => read(signed(genuine), { ...KEYS, platformKeys: [stranger.publicKey] }));
    expectForged(() => read(signed(genuine), { ...KEYS, platformKeys: [] }));
    expectForged(() => read({ ...genuine, rsaSign }));
  });

  test('any field changed, added or left out', () => {
    const form = signed(genuine);
    expectForged(() => read({ ...form, zzz: '' }));
    for (const [name, value] of Object.entries(genuine)) {
      expectForged(() => read({ ...form, [name]: value === '1' ? '2' : '1' }));
      expect(() => read(without(form, name)), name).toThrow(ServiceError);
    }
  });

  test('values that were signed URL-encoded: none of them is free text', () => {
    const fields = { ...genuine, tpOrderId: 'shop:1' };
    expectForged(() =>
      read({ ...fields, rsaSign: sign({ ...fields, tpOrderId: 'shop%3A1' }, platform.privateKey) }),
    );
  });

  test.each(['sign', 'sign_type'])('a field that no signature covers: %s', (name) => {
    const run = () => read({ ...signed(genuine), [name]: '' });
    expectRefused(run, 'INVALID_SIGNATURE', `The field ${name} is covered by no signature.`);
  });

  test.each<[string, string | undefined, string]>([
    ['no signature', undefined, 'is missing'],
    ['an empty one', '', 'is malformed'],
    ['one that is too short', Buffer.alloc(127, 1).toString('base64'), 'is malformed'],
    ['one that is not canonical', `${rsaSign}=`, 'is malformed'],
  ])('%s', (_what, signature, fault) => {
    const form: Form = signature === undefined ? genuine : { ...genuine, rsaSign: signature };
    expectRefused(() => read(form), 'INVALID_NOTIFICATION', `The field rsaSign ${fault}.`);
  });
});

const BAD_ID = ['0', '01', '-1', 'x', '9223372036854775808', '1&a=2', '1\n'];
const BAD_OWN_ID = [' ', 'a&b', 'a=b', 'é', 'x'.repeat(129)];
const BAD_BATCH = ['', ' ', '-', 'a-b', '退', 'x'.repeat(65), '1&a=2', '1\n'];
const RULES: [string, Form, (form: Form) => unknown, Record<string, [string[], string[]]>, string[]][] = [
  [
    'checkRefundNotification()',
    REFUNDED,
    checkRefundNotification,
    {
      orderId: [
        ['1', '9223372036854775807'],
        ['', ...BAD_ID],
      ],
      refundBatchId: [['1', '9'.repeat(64), 'aZ09'], BAD_BATCH],
      refundStatus: [
        ['1', '2'],
        ['', '0', '3', '9', '-1', '01', '1&a=2', '1\n'],
      ],
      userId: [['', '1', '9223372036854775807'], BAD_ID],
      tpOrderId: [['', 'a', '!"#$%', 'x'.repeat(128)], BAD_OWN_ID],
      zzz: [
        ['', '=新'],
        ['a&b', '&'],
      ],
    },
    ['orderId', 'refundBatchId'],
  ],
  [
    'checkRefundAudit()',
    ASKED,
    checkRefundAudit,
    {
      orderId: [
        ['1', '9223372036854775807'],
        ['', ...BAD_ID],
      ],
      userId: [
        ['1', '9223372036854775807'],
        ['', ...BAD_ID],
      ],
      refundBatchId: [['1', '9'.repeat(64), 'aZ09'], BAD_BATCH],
      tpOrderId: [['', 'a', '!"#$%', 'x'.repeat(128)], BAD_OWN_ID],
      applyRefundMoney: [
        ['0', '1', '9007199254740991'],
        ['', '-1', '1.5', '01', '1e2', '9007199254740992', '1&a=2'],
      ],
      zzz: [
        ['', '=新'],
        ['a&b', '&'],
      ],
    },
    ['orderId', 'userId', 'refundBatchId'],
  ],
];

describe.each(RULES)('%s: every field', (_name, genuine, check, values, needed) => {
  test.each(Object.entries(values))('%s', (name, [good, bad]) => {
    for (const value of good) {
      const fields = { ...genuine, [name]: value };
      expect(check({ ...fields, rsaSign })).toEqual({ fields, signature: rsaSign });
    }
    for (const value of bad) {
      const form = { ...genuine, [name]: value, rsaSign };
      expectRefused(() => check(form), 'INVALID_NOTIFICATION', `The field ${name} is malformed.`);
    }
  });

  test.each(needed)('is there: %s', (name) => {
    const form = { ...without(genuine, name), rsaSign };
    expectRefused(() => check(form), 'INVALID_NOTIFICATION', `The field ${name} is missing.`);
  });
});

describe('a message at the address of another', () => {
  const DOORS = [
    ['payment', checkNotification],
    ['refund', checkRefundNotification],
    ['audit', checkRefundAudit],
  ] as const;
  const MESSAGES = [
    ['payment', PAID, 'This is a payment notification: it belongs to /baidu/payment-notify.'],
    ['refund', REFUNDED, 'This is a refund notification: it belongs to /baidu/refund-notify.'],
    [
      'refund',
      without(REFUNDED, 'userId', 'tpOrderId'),
      'This is a refund notification: it belongs to /baidu/refund-notify.',
    ],
    ['audit', ASKED, 'This is a refund audit: it belongs to /baidu/refund-audit.'],
    [
      'audit',
      without(ASKED, 'applyRefundMoney', 'tpOrderId'),
      'This is a refund audit: it belongs to /baidu/refund-audit.',
    ],
  ] as const;
  const pairs = DOORS.flatMap(([door, check]) =>
    MESSAGES.map(([kind, fields, message]) => ({ door, check, kind, fields, message })),
  );

  test.each(pairs.filter(({ door, kind }) => door !== kind))(
    'is told where it belongs: $kind at $door',
    ({ check, fields, message }) => {
      expectRefused(() => check(signed(fields)), 'INVALID_NOTIFICATION', message);
      expectRefused(() => check(fields), 'INVALID_NOTIFICATION', message);
    },
  );

  test.each(pairs.filter(({ door, kind }) => door === kind))(
    'is taken at its own: $kind',
    ({ check, fields }) => {
      expect(check({ ...fields, rsaSign }).fields).toEqual(fields);
    },
  );
});

describe('a signed text', () => {
  /** Whether a form is taken by any of the three doors. */
  function taken(form: Form): boolean {
    return [checkNotification, checkRefundNotification, checkRefundAudit].some((check) => {
      try {
        check({ ...form, rsaSign });
        return true;
      } catch (error) {
        expect(error).toBeInstanceOf(ServiceError);
        return false;
      }
    });
  }

  test('of a refund has one cut, at all three doors', () => {
    const own = fc.stringMatching(/^[!-%'-<>-~]{1,20}$/);
    const added = fc.dictionary(
      fc.constantFrom('aaa', 'rst', 'statusx', 'zzz', 'payTime', 'totalMoney'),
      fc.string({ maxLength: 8 }).filter((value) => !value.includes('&')),
      { maxKeys: 2 },
    );
    let cuts = 0;
    fc.assert(
      fc.property(fc.constantFrom(REFUNDED, ASKED), own, added, (message, tpOrderId, more) => {
        const genuine = { ...message, tpOrderId, ...more };
        const text = canonicalText(genuine);
        for (const form of everyCutOf(text)) {
          if (canonicalText(form) !== text || !taken(form)) continue;
          cuts++;
          expect(form).toEqual(genuine);
        }
      }),
      { numRuns: 300 },
    );
    expect(cuts).toBe(300);
  });

  test('of a payment is none of a refund, whatever its free texts say', () => {
    const pieces = Object.entries({ ...REFUNDED, ...ASKED, zzz: '' }).map(
      ([name, value]) => `&${name}=${value}`,
    );
    const text = fc.shuffledSubarray(pieces).map((chosen) => chosen.join(''));
    fc.assert(
      fc.property(text, text, (promoDetail, returnData) => {
        const signedText = canonicalText({ ...PAID, promoDetail, returnData });
        // No field of a refund may hold `&`, so this is the one cut that could be one.
        const form = Object.fromEntries(signedText.split('&').map((piece) => piece.split(/=(.*)/s, 2)));
        for (const check of [checkRefundNotification, checkRefundAudit]) {
          expect(() => check({ ...form, rsaSign })).toThrow(ServiceError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
