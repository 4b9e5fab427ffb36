import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { notifyEvent, queryEvent, sqsEvent } from '../../local/stack/events.ts';
import { answerBody, says } from '../support/baidu.ts';
import { PAID, signedForm } from '../support/notification.ts';
import { drain } from '../support/queue.ts';
import type { Sandbox } from '../support/sandbox.ts';
import type { Fate } from '../support/wire-tap.ts';
import { platformKey, SECRET, TOKEN, type World } from '../support/world.ts';
import { startWorld } from '../support/worlds.ts';

const ask = queryEvent({ headers: { authorization: `Bearer ${TOKEN}` } });
const notification = notifyEvent(signedForm(PAID, platformKey));
const lookUp = (orderId: string) =>
  sqsEvent([{ messageId: 'm', body: JSON.stringify({ orderId, siteId: '1' }) }]);

/** What each service says when it has too much to do. */
const DYNAMODB_THROTTLES: Fate = {
  status: 400,
  body: '{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}',
};
const THROTTLED: Record<string, Fate> = {
  GetSecretValue: { status: 400, body: '{"__type":"ThrottlingException","message":"Rate exceeded"}' },
  SendMessage: { status: 400, body: '{"__type":"com.amazonaws.sqs#RequestThrottled","message":"slow down"}' },
  GetItem: DYNAMODB_THROTTLES,
  UpdateItem: DYNAMODB_THROTTLES,
  Publish: {
    status: 400,
    body: '<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>',
  },
};

/** Runs a test in a world of its own. */
const inWorld = (run: (world: World) => Promise<void>) => async () => {
  const world = await startWorld();
  try {
    await run(world);
  } finally {
    await world.close();
  }
};

const published = ({ aws }: World) => drain(aws.sqs, aws.subscriberQueueUrl);
const queued = ({ aws }: World) => drain(aws.sqs, aws.paymentQueueUrl);

describe.concurrent('throttled once, and then not', () => {
  test.each(['GetSecretValue', 'SendMessage'])('notify, by %s', async (action) => {
    await inWorld(async (world) => {
      world.decide(onFirst(`${action} asked`, THROTTLED[action] ?? 'cut'));
      const sandbox = world.sandbox('notify');
      await untilAccepted(sandbox);
      expect(await queued(world)).not.toEqual([]);
      await sandbox.end();
    })();
  });

  test.each(['GetSecretValue', 'GetItem', 'UpdateItem', 'Publish'])('confirm, by %s', async (action) => {
    await inWorld(async (world) => {
      world.decide(onFirst(`${action} asked`, THROTTLED[action] ?? 'cut'));
      const sandbox = world.sandbox('confirm', {}, 10_000);
      expect(await sandbox.invoke(lookUp('1'))).toEqual({ batchItemFailures: [] });
      expect(await published(world)).toHaveLength(1);
      await sandbox.end();
    })();
  });
});

describe.concurrent('an answer that is lost on its way back', () => {
  test(
    'of SQS: notify stores twice rather than never',
    inWorld(async (world) => {
      world.decide(onFirst('SendMessage answered', 'cut'));
      const sandbox = world.sandbox('notify');
      await untilAccepted(sandbox);
      expect((await queued(world)).length).toBeGreaterThanOrEqual(2);
      await sandbox.end();
    }),
  );
});

describe.concurrent('a connection that the peer has given up since its first use', () => {
  test.each<[string, Fate]>([
    ['it resets', 'cut'],
    ['it says nothing', 'hang'],
  ])('%s: each function goes on over a new one', async (_name, fate) => {
    await inWorld(async (world) => {
      world.decide((moment, { useOfConnection }) =>
        moment.endsWith('asked') && useOfConnection > 1 ? fate : 'pass',
      );
      const query = world.sandbox('query', { SECRET_TTL_SECONDS: '0' });
      const notify = world.sandbox('notify', { SECRET_TTL_SECONDS: '0' });
      const confirm = world.sandbox('confirm', { SECRET_TTL_SECONDS: '0' }, 20_000);
      for (let count = 1; count <= 3; count++) {
        expect(await query.invoke(ask)).toMatchObject({ statusCode: 200 });
        await untilAccepted(notify);
        expect(await confirm.invoke(lookUp(String(count)))).toEqual({ batchItemFailures: [] });
      }
      expect(await published(world)).toHaveLength(3);
      expect((await queued(world)).length).toBeGreaterThanOrEqual(3);
      await Promise.all([query.end(), notify.end(), confirm.end()]);
    })();
  });
});

describe.concurrent('frozen', () => {
  test(
    'between two invocations, while every connection is closed and the secret ages: both answers are right',
    inWorld(async (world) => {
      const query = world.sandbox('query', { SECRET_TTL_SECONDS: '1' });
      const notify = world.sandbox('notify', { SECRET_TTL_SECONDS: '1' });
      expect(await query.invoke(ask)).toMatchObject({ statusCode: 200 });
      await untilAccepted(notify);
      for (const { child } of [query, notify]) child.kill('SIGSTOP');
      for (const tap of world.taps) tap.cut();
      await delay(1500);
      for (const { child } of [query, notify]) child.kill('SIGCONT');
      expect(await query.invoke(ask)).toMatchObject({ statusCode: 200 });
      await untilAccepted(notify);
      await Promise.all([query.end(), notify.end()]);
    }),
  );

  test(
    'in the init phase, with the secret on its way: the first request reads it anew',
    inWorld(async (world) => {
      let sandbox: ReturnType<World['sandbox']> | undefined;
      let frozen = false;
      const stopped = new Promise<void>((resolve) => {
        world.decide((moment) => {
          if (frozen || moment !== 'GetSecretValue asked') return 'pass';
          frozen = true;
          sandbox?.child.kill('SIGSTOP');
          resolve();
          return 'cut';
        });
      });
      sandbox = world.sandbox('query', { LOG_LEVEL: 'WARN' });
      await stopped;
      // Longer than any time limit that the process had running.
      await delay(3000);
      sandbox.child.kill('SIGCONT');
      expect(await sandbox.invoke(ask)).toMatchObject({ statusCode: 200 });
      await sandbox.end();
      expect(sandbox.output.join()).not.toContain('SecretFailures');
    }),
  );
});

describe.concurrent('Secrets Manager', () => {
  test(
    'rotated: the new token works and the old one does not, the process living on',
    inWorld(async (world) => {
      const sandbox = world.sandbox('query', { SECRET_TTL_SECONDS: '0' });
      expect(await sandbox.invoke(ask)).toMatchObject({ statusCode: 200 });
      const next = 'the-token-that-takes-its-place-now!!';
      world.secretsManager.put('secret', JSON.stringify({ ...SECRET, apiTokens: [next] }));
      expect(await sandbox.invoke(ask)).toMatchObject({ statusCode: 401 });
      const withNext = queryEvent({ headers: { authorization: `Bearer ${next}` } });
      expect(await sandbox.invoke(withNext)).toMatchObject({ statusCode: 200 });
      await sandbox.end();
    }),
  );

  test.each<[string, (world: World) => void]>([
    ['rotated to nonsense', ({ secretsManager }) => secretsManager.put('secret', '{"appId":1}')],
    ['away', ({ secretsManager }) => secretsManager.fail({ error: 'InternalServiceError' })],
    ['silent', ({ secretsManager }) => secretsManager.fail({ hang: true })],
  ])('%s at a refresh: the last good secret serves on', async (_name, breakIt) => {
    await inWorld(async (world) => {
      const query = world.sandbox('query', { SECRET_TTL_SECONDS: '0' });
      const notify = world.sandbox('notify', { SECRET_TTL_SECONDS: '0' });
      expect(await query.invoke(ask)).toMatchObject({ statusCode: 200 });
      await untilAccepted(notify);
      breakIt(world);
      await untilAccepted(notify);
      expect(await query.invoke(ask)).toMatchObject({ statusCode: 200 });
      await Promise.all([query.end(), notify.end()]);
    })();
  });
});

test(
  'a redirect leads nowhere, least of all to another host',
  inWorld(async (world) => {
    const other = await startWorld();
    world.baidu.always(says('', 302, { location: other.baidu.url }));
    const sandbox = world.sandbox('query');
    expect(await sandbox.invoke(ask)).toMatchObject({ statusCode: 502 });
    expect(other.baidu.requests).toEqual([]);
    await Promise.all([sandbox.end(), other.close()]);
  }),
);

test(
  'slow services are waited for: SQS, SNS and DynamoDB take 200 ms each',
  inWorld(async (world) => {
    world.baidu.always(says(answerBody()));
    world.decide(async (moment): Promise<Fate> => {
      if (/^(SendMessage|Publish|GetItem|UpdateItem) asked/.test(moment)) await delay(200);
      return 'pass';
    });
    const [notify, confirm] = [world.sandbox('notify'), world.sandbox('confirm', {}, 10_000)];
    await untilAccepted(notify);
    expect(await confirm.invoke(lookUp('1'))).toEqual({ batchItemFailures: [] });
    await Promise.all([notify.end(), confirm.end()]);
  }),
);

/** Notifies as Baidu does, again and again: on a starved machine a call may find its 1.4 s spent, and must say so. */
async function untilAccepted(notify: Sandbox): Promise<void> {
  for (let count = 0; count < 5; count++) {
    const answer = await notify.invoke(notification);
    expect([200, 503]).toContain(answer.statusCode);
    expect(JSON.parse(answer.body).errno === 0).toBe(answer.statusCode === 200);
    if (answer.statusCode === 200) return;
  }
  expect.unreachable('never accepted');
}

/** Lets everything pass but the first call at a moment. */
function onFirst(moment: string, fate: Fate): (now: string) => Fate {
  let first = true;
  return (now) => {
    if (now !== moment || !first) return 'pass';
    first = false;
    return fate;
  };
}
