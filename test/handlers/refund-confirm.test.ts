import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type LocalAws, startAws } from '../../local/stack/aws.ts';
import { sqsEvent } from '../../local/stack/events.ts';
import { type LocalSecretsManager, startSecretsManager } from '../../local/stack/secrets-manager.ts';
import { answerBody, type ScriptedBaidu, says, startBaidu } from '../support/baidu.ts';
import { BUILD, captureLog, coldStart, contextOf } from '../support/cold-start.ts';
import { type AwsEndpoint, md5, startEndpoint } from '../support/endpoint.ts';
import { PAID, signed } from '../support/notification.ts';
import { drain } from '../support/queue.ts';

type Fields = Readonly<Record<string, string>>;
type Message = Record<string, unknown>;

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
const platform = generateKeyPairSync('rsa', { modulusLength: 1024 });
const secret = {
  appId: '10026',
  appKey: 'MMM4oc',
  privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }),
  platformPublicKey: platform.publicKey.export({ format: 'pem', type: 'spki' }),
};

let aws: LocalAws;
let baidu: ScriptedBaidu;
let secretsManager: LocalSecretsManager;
/** The payment queue, as far as messages are sent to it. */
let queue: AwsEndpoint;
let env: Record<string, string>;

beforeEach(async () => {
  [aws, baidu, secretsManager] = await Promise.all([startAws(), startBaidu(), startSecretsManager()]);
  queue = await startEndpoint(({ body }) => {
    const { MessageBody = '' } = JSON.parse(body);
    return says(JSON.stringify({ MessageId: '1', MD5OfMessageBody: md5(MessageBody) }));
  });
  secretsManager.put('secret', JSON.stringify(secret));
  env = {
    ...aws.environment,
    AWS_ENDPOINT_URL_SQS: queue.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
    BAIDU_SECRET_ID: 'secret',
    BAIDU_QUERY_URL: baidu.url,
    PAYMENT_QUEUE_URL: `${queue.url}/000000000000/payments`,
    PAYMENT_TOPIC_ARN: aws.statusTopicArn,
    LEDGER_TABLE: aws.ledgerTable,
    LOG_LEVEL: 'SILENT',
  };
});

afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all([aws, baidu, secretsManager, queue].map((part) => part.close()));
});

const ORDER = { orderId: PAID['orderId'] ?? '', siteId: PAID['userId'] ?? '' };
const IDS = { userId: ORDER.siteId, tpOrderId: PAID['tpOrderId'] ?? '' };
const message = (body: Message) => JSON.stringify({ appId: '10026', ...ORDER, ...body });
const paid = () => message({ notification: signed(PAID, platform.privateKey) });

/** What notify stores of a refund notification. */
function refunded(
  refundBatchId: string,
  refundStatus = '1',
  ids: Fields = IDS,
  key = platform.privateKey,
): string {
  const { orderId } = ORDER;
  const refundNotification = signed({ orderId, refundBatchId, refundStatus, ...ids }, key);
  return message({ siteId: ids['userId'] || undefined, refundNotification });
}

/** What notify stores of a refund audit. */
function asked(refundBatchId: string, auditStatus = 3, key = platform.privateKey): string {
  const { orderId } = ORDER;
  const refundAudit = signed({ orderId, refundBatchId, applyRefundMoney: '100', ...IDS }, key);
  return message({ refundAudit, answer: { auditStatus, refundPayMoney: 100 } });
}

/** What Baidu's query says of refunds from now on: -1 none, 1 in progress, 2 refunded, 9 failed. */
function say(refund: number): void {
  const status = (statusNum: number) => ({ statusNum, statusDesc: '' });
  const data = { payStatus: status(1), refundStatus: status(refund), verification: status(-1) };
  baidu.always(says(answerBody({ data: { data } })));
}

type Handler = Awaited<ReturnType<typeof coldStart>>;
const start = (more: Record<string, string> = {}) => coldStart('confirm', { ...env, ...more });
const published = () => drain(aws.sqs, aws.subscriberQueueUrl);

/** Hands message bodies to the handler as one batch and returns the numbers of those that failed. */
async function confirm(handler: Handler, ...bodies: string[]): Promise<number[]> {
  const event = sqsEvent(bodies.map((body, index) => ({ messageId: String(index), body })));
  const result = (await handler(event, contextOf())) as { batchItemFailures: { itemIdentifier: string }[] };
  return result.batchItemFailures.map(({ itemIdentifier }) => Number(itemIdentifier));
}

/** What was sent to the queue so far, and for how long each is held back. */
function sentBack(): { delaySeconds: number; body: Message }[] {
  return queue.calls.splice(0).map(({ body }) => {
    const { DelaySeconds, MessageBody } = JSON.parse(body);
    return { delaySeconds: DelaySeconds, body: JSON.parse(MessageBody) };
  });
}

describe(`confirm (${BUILD}): a refund notification`, () => {
  test('leads to a look-up, and is told with what Baidu says', async () => {
    const handler = await start();
    await confirm(handler, paid());
    await published();
    say(2);
    expect(await confirm(handler, refunded('b1'))).toEqual([]);
    expect(await published()).toMatchObject([
      {
        ...{
          eventType: 'payment-status',
          ...ORDER,
          tpOrderId: IDS.tpOrderId,
          changed: ['refund', 'refunds'],
        },
        refund: { status: 'REFUNDED', code: 2 },
        refunds: [{ refundBatchId: 'b1', status: 'SUCCEEDED', code: 1 }],
        notification: PAID,
      },
    ]);
    expect(baidu.requests.at(-1)).toContain(`siteId=${ORDER.siteId}`);
    expect(sentBack()).toEqual([]);
  });

  test('is told where nothing but itself is new, and each message lists all refunds so far', async () => {
    const handler = await start();
    say(2);
    const told: Message[] = [];
    for (const [batch, status] of [
      ['b1', '1'],
      ['b2', '1'],
      ['b3', '2'],
      ['b3', '1'],
    ] as const) {
      expect(await confirm(handler, refunded(batch, status), refunded(batch, status))).toEqual([]);
      const messages = await published();
      expect(messages).toHaveLength(1);
      told.push(...messages);
    }
    const one = (refundBatchId: string, status = 'SUCCEEDED', code = 1) => ({ refundBatchId, status, code });
    expect(told.map(({ refunds }) => refunds)).toEqual([
      [one('b1')],
      [one('b1'), one('b2')],
      [one('b1'), one('b2'), one('b3', 'FAILED', 2)],
      [one('b1'), one('b2'), one('b3')],
    ]);
    expect(told.slice(1).map(({ changed }) => changed)).toEqual([['refunds'], ['refunds'], ['refunds']]);
    const numbers = told.map(({ sequence }) => Number(sequence));
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  });

  test('is told once for 50 repetitions at once in five instances', async () => {
    say(2);
    const handlers = await Promise.all(Array.from({ length: 5 }, () => start()));
    const repeated = Array.from({ length: 10 }, () => refunded('b1'));
    const failures = await Promise.all(handlers.map((handler) => confirm(handler, ...repeated)));
    expect(failures.flat()).toEqual([]);
    expect(await published()).toHaveLength(1);
  });

  test.each([
    ['empty', { userId: '', tpOrderId: '' }],
    ['absent', {}],
  ])('without its user (%s) is looked up by the ledger’s', async (_presence, ids) => {
    const handler = await start();
    await confirm(handler, paid());
    await published();
    say(2);
    expect(await confirm(handler, refunded('b1', '1', ids))).toEqual([]);
    expect(await published()).toMatchObject([
      { ...ORDER, tpOrderId: IDS.tpOrderId, changed: ['refund', 'refunds'] },
    ]);
  });

  test('of a user whom nobody knows comes again and says why, until the payment’s notification comes', async () => {
    const lines = captureLog();
    const handler = await start({ LOG_LEVEL: 'INFO' });
    for (let count = 0; count < 2; count++)
      expect(await confirm(handler, refunded('b1', '1', {}))).toEqual([0]);
    expect(baidu.requests).toEqual([]);
    expect(await published()).toEqual([]);
    const failed = lines.filter(({ message: said }) => said === 'not confirmed');
    expect(failed).toHaveLength(2);
    for (const line of failed) {
      expect(line).toMatchObject({ level: 'ERROR', code: 'ORDER_UNKNOWN', orderId: ORDER.orderId });
      expect(JSON.stringify(line)).toContain('Nobody has told yet of which user the order is.');
    }
    say(2);
    // The order’s first message already names the refund that was notified before anyone knew the user.
    expect(await confirm(handler, paid())).toEqual([]);
    expect(await published()).toMatchObject([{ refunds: [{ refundBatchId: 'b1' }] }]);
    expect(await confirm(handler, refunded('b1', '1', {}))).toEqual([]);
    expect(await published()).toEqual([]);
  });

  test.each<[string, string]>([
    ['of a stranger', refunded('b1', '1', IDS, privateKey)],
    ['with another batch than was signed', refunded('b1').replaceAll('"b1"', '"b2"')],
    ['of another order', refunded('b1').replace(`"orderId":"${ORDER.orderId}"`, '"orderId":"1"')],
    ['of another user', refunded('b1').replace(`"siteId":"${ORDER.siteId}"`, '"siteId":"1"')],
    ['beside a payment’s', message({ refundNotification: {}, notification: {} })],
    ['that is an audit', message({ refundNotification: JSON.parse(asked('b1')).refundAudit })],
  ])('is believed only where Baidu has signed it: not one %s', async (_name, body) => {
    say(2);
    expect(await confirm(await start(), body, refunded('b9'))).toEqual([0]);
    expect((await published()).map(({ refunds }) => refunds)).toEqual([
      [expect.objectContaining({ refundBatchId: 'b9' })],
    ]);
  });
});

describe(`confirm (${BUILD}): a refund that Baidu’s query does not show yet`, () => {
  test.each([
    ['NONE', -1],
    ['PROCESSING', 1],
  ])('(%s) is told at once, and asked for again five times over the next hour', async (status, code) => {
    const handler = await start();
    say(code);
    expect(await confirm(handler, refunded('b1'))).toEqual([]);
    expect(await published()).toMatchObject([{ refund: { status }, refunds: [{ refundBatchId: 'b1' }] }]);
    const delays: number[] = [];
    for (let sent = sentBack(); sent.length > 0; sent = sentBack()) {
      expect(sent).toEqual([
        {
          delaySeconds: expect.any(Number),
          body: { appId: '10026', ...ORDER, refundCheck: delays.length + 1 },
        },
      ]);
      delays.push(sent[0]?.delaySeconds ?? 0);
      expect(await confirm(handler, JSON.stringify(sent[0]?.body))).toEqual([]);
      expect(await published()).toEqual([]);
    }
    expect(delays).toEqual([60, 240, 900, 900, 900]);
  });

  test('is told once it shows, and not asked for again', async () => {
    const handler = await start();
    say(-1);
    await confirm(handler, refunded('b1'));
    await published();
    const [again] = sentBack();
    say(2);
    expect(await confirm(handler, JSON.stringify(again?.body))).toEqual([]);
    expect(await published()).toMatchObject([{ changed: ['refund'], refund: { status: 'REFUNDED' } }]);
    expect(sentBack()).toEqual([]);
  });

  test('costs no more than one message a batch', async () => {
    say(1);
    expect(await confirm(await start(), refunded('b1'), refunded('b2'), refunded('b2'))).toEqual([]);
    expect(sentBack()).toHaveLength(1);
  });

  test('is not asked for again where it has failed, or nobody spoke of a refund', async () => {
    const handler = await start();
    say(-1);
    expect(await confirm(handler, refunded('b1', '2'))).toEqual([]);
    expect(await confirm(handler, message({}), paid())).toEqual([]);
    expect(sentBack()).toEqual([]);
  });
});

describe(`confirm (${BUILD}): a refund audit`, () => {
  test('is published once for each refund and answer, and asks Baidu for nothing', async () => {
    const handler = await start();
    expect(await confirm(handler, asked('b1'), asked('b1'))).toEqual([]);
    expect(await confirm(handler, asked('b1'))).toEqual([]);
    const [told, ...others] = await published();
    const { orderId } = ORDER;
    expect(told).toEqual({
      ...{ eventType: 'refund-audit', appId: '10026', ...ORDER, tpOrderId: IDS.tpOrderId },
      refundAudit: { orderId, refundBatchId: 'b1', applyRefundMoney: '100', ...IDS },
      answer: { auditStatus: 3, refundPayMoney: 100 },
      observedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
    expect(others).toEqual([]);
    await confirm(handler, asked('b1', 1), asked('b2'));
    const more = (await published()).map(({ refundAudit, answer }) => [
      (refundAudit as Fields)['refundBatchId'],
      (answer as Record<string, number>)['auditStatus'],
    ]);
    expect(more.sort()).toEqual([
      ['b1', 1],
      ['b2', 3],
    ]);
    expect(baidu.requests).toEqual([]);
  });

  test('is published once for 50 repetitions at once in five instances', async () => {
    const handlers = await Promise.all(Array.from({ length: 5 }, () => start()));
    const repeated = Array.from({ length: 10 }, () => asked('b1'));
    const failures = await Promise.all(handlers.map((handler) => confirm(handler, ...repeated)));
    expect(failures.flat()).toEqual([]);
    expect(await published()).toHaveLength(1);
  });

  test('tells the ledger of the order’s user', async () => {
    const handler = await start();
    await confirm(handler, asked('b1'));
    await published();
    say(2);
    expect(await confirm(handler, refunded('b1', '1', {}))).toEqual([]);
    expect(await published()).toMatchObject([{ ...ORDER, tpOrderId: IDS.tpOrderId }]);
  });

  test('is believed only where Baidu has signed it, and only with its answer', async () => {
    const { refundAudit } = JSON.parse(asked('b1'));
    const forged = [asked('b1', 3, privateKey), message({ refundAudit }), asked('b1', 4)];
    expect(await confirm(await start(), ...forged, asked('b2'))).toEqual([0, 1, 2]);
    expect(await published()).toMatchObject([{ refundAudit: { refundBatchId: 'b2' } }]);
  });
});
