import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalText } from '../../lib/canonical.ts';
import { ServiceError } from '../../lib/errors.ts';
import { checkNotification } from '../../lib/notification.ts';
import { PAID } from '../support/notification.ts';

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
          for (const name of BINDING)
            expect(accepted[name], `${name} in ${JSON.stringify(cut)}`).toBe(genuine[name as 'status']);
        }
      }),
      { numRuns: 2000 },
    );
    expect(others).toBeGreaterThan(500);
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
  for (let from = 0; from < pieces.length; from++) {
    for (let to = from; to < pieces.length; to++) {
      const parts = [...pieces.slice(0, from), pieces.slice(from, to + 1).join('&'), ...pieces.slice(to + 1)];
      const pairs = parts.map((part) => {
        const cut = part.indexOf('=');
        return [part.slice(0, cut), part.slice(cut + 1)] as const;
      });
      const names = new Set(pairs.map(([name]) => name));
      if (names.size === pairs.length) yield Object.fromEntries(pairs);
      if (from === 0 && to > 0) break;
    }
  }
}

function read(cut: Record<string, string>): Readonly<Record<string, string>> | undefined {
  try {
    return checkNotification({ ...cut, rsaSign }).fields;
  } catch (error) {
    expect(error).toBeInstanceOf(ServiceError);
    return undefined;
  }
}
