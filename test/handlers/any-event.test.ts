import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ERROR_CODES } from '../../lib/lambda/error-codes.ts';
import { notifyEvent, queryEvent, snsEvent, sqsEvent } from '../../local/stack/events.ts';
import { BUILD, coldStart, contextOf } from '../support/cold-start.ts';
import { PAID, signedForm } from '../support/notification.ts';
import { platformKey, TOKEN, type World } from '../support/world.ts';
import { startWorld } from '../support/worlds.ts';

const RUNS = { numRuns: 1000 };
const CODES = Object.keys(ERROR_CODES);

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** Any event: nonsense, or a good one with anything at all in one place or two. */
function eventsLike(good: Record<string, unknown>): fc.Arbitrary<unknown> {
  const places = fc.constantFrom(
    ...Object.keys(good),
    'body',
    'isBase64Encoded',
    'Records',
    'orderId',
    'siteId',
  );
  const spoiled = fc
    .array(fc.tuple(places, fc.anything()), { minLength: 1, maxLength: 2 })
    .map((changes) => ({ ...good, ...Object.fromEntries(changes) }));
  return fc.oneof(fc.anything(), spoiled);
}

/** The answer, checked for being one; or the name of what was thrown, checked for being in the contract. */
async function outcomeOf(handler: (event: unknown, context: unknown) => Promise<unknown>, event: unknown) {
  try {
    return { answer: await handler(event, contextOf()) };
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    expect(CODES).toContain((error as Error).name);
    return { thrown: (error as Error).name };
  }
}

describe(`any event at all (${BUILD})`, () => {
  test('given to query yields a problem, an answer, or an error of the contract', async () => {
    const handler = await coldStart('query', { ...world.env });
    const good = queryEvent({ headers: { authorization: `Bearer ${TOKEN}` } });
    await fc.assert(
      fc.asyncProperty(eventsLike(good), async (event) => {
        const { answer, thrown } = await outcomeOf(handler, event);
        if (thrown) return;
        const { statusCode, headers, body } = answer as { statusCode: number; headers: object; body: string };
        expect([200, 400, 401, 500]).toContain(statusCode);
        const parsed = JSON.parse(body);
        if (statusCode === 200) expect(parsed).toHaveProperty('payment.status', 'PAID');
        else
          expect(parsed).toMatchObject({
            status: statusCode,
            code: expect.any(String),
            requestId: 'request-1',
          });
        expect(headers).toHaveProperty('content-type');
      }),
      RUNS,
    );
  });

  test.each([
    ['payment-notify', PAID],
    ['refund-notify', { orderId: '1', refundBatchId: '2', refundStatus: '1' }],
    ['refund-audit', { orderId: '1', userId: '3', refundBatchId: '2', applyRefundMoney: '4' }],
  ])(
    'given to notify (%s) yields JSON with an errno, and 0 for what is genuine only',
    async (name, fields) => {
      const handler = await coldStart('notify', { ...world.env });
      const good = notifyEvent(signedForm(fields, platformKey), { path: `/baidu/${name}` });
      await fc.assert(
        fc.asyncProperty(eventsLike(good), async (event) => {
          const { answer } = await outcomeOf(handler, event);
          const { statusCode, body } = answer as { statusCode: number; body: string };
          const { errno } = JSON.parse(body);
          expect([200, 400, 403, 413]).toContain(statusCode);
          expect(errno === 0).toBe(statusCode === 200);
          if (errno === 0) expect(event).toMatchObject({ body: good['body'] });
        }),
        { ...RUNS, examples: [[{ ...good, rawPath: { toString: false } }]] },
      );
    },
  );

  test('given to confirm yields failures by item, or an error of the contract', async () => {
    const handler = await coldStart('confirm', { ...world.env });
    const record = fc.oneof(fc.anything(), fc.record({ messageId: fc.string(), body: fc.anything() }));
    const body = JSON.stringify({ orderId: '1920891312', siteId: '3747777038' });
    const good = { Records: [...sqsEvent([{ messageId: 'a', body }]).Records, ...snsEvent(body).Records] };
    const events = fc.oneof(eventsLike(good), fc.record({ Records: fc.array(record, { maxLength: 3 }) }));
    world.baidu.requests.length = 0;
    await fc.assert(
      fc.asyncProperty(events, async (event) => {
        const { answer, thrown } = await outcomeOf(handler, event);
        if (!thrown) expect(answer).toEqual({ batchItemFailures: expect.any(Array) });
      }),
      RUNS,
    );
    expect(world.baidu.requests.length).toBeGreaterThan(0);
    for (const request of world.baidu.requests)
      expect(request).toMatch(/&orderId=[1-9]\d*&siteId=[1-9]\d*&sign=/);
  });
});
