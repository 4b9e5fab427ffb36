import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { FunctionName } from '../../local/deploy/bundles.ts';
import { notifyEvent, queryEvent, sqsEvent } from '../../local/stack/events.ts';
import { PAID, signedForm } from '../support/notification.ts';
import type { Sandbox } from '../support/sandbox.ts';
import { platformKey, TOKEN, type World } from '../support/world.ts';
import { startWorld } from '../support/worlds.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** A way to a service that counts connections and can be taken away. */
interface Way {
  readonly url: string;
  readonly connections: net.Socket[];
  /** Bytes that have come over each connection so far. */
  bytes(): number[];
  open(): Promise<void>;
  close(): Promise<void>;
}

async function openWay(target: string): Promise<Way> {
  const { port: targetPort } = new URL(target);
  const connections: net.Socket[] = [];
  const server = net.createServer((client) => {
    connections.push(client);
    const upstream = net.connect(Number(targetPort), '127.0.0.1');
    for (const socket of [client, upstream]) socket.on('error', () => undefined);
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    client.pipe(upstream).pipe(client);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    connections,
    bytes: () => connections.map(({ bytesRead }) => bytesRead),
    open: async () => void (await once(server.listen(port, '127.0.0.1'), 'listening')),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of connections) socket.destroy();
      }),
  };
}

const { orderId = '', userId: siteId = '' } = PAID;
const lookup = JSON.stringify({ orderId, siteId });
const QUERY = new URL('http://baidu/platform/entity/openapi/queryorderdetail').pathname;

const authorized = { headers: { authorization: `Bearer ${TOKEN}` } };
const ok = (answer: unknown) => expect(answer).toMatchObject({ statusCode: 200 });

interface Opening {
  readonly name: FunctionName;
  readonly service: () => string;
  /** What the function is deployed with to call the service by another way. */
  readonly set: (url: string) => Record<string, string>;
  readonly event: () => unknown;
  readonly check: (answer: unknown) => void;
}

/** Each function, with the service that it opens a connection to, and an event that it serves. */
const FUNCTIONS: readonly Opening[] = [
  {
    ...{
      name: 'query',
      service: () => world.baidu.url,
      set: (url: string) => ({ BAIDU_QUERY_URL: url + QUERY }),
    },
    ...{ event: () => queryEvent(authorized), check: ok },
  },
  {
    ...{
      name: 'confirm',
      service: () => world.baidu.url,
      set: (url: string) => ({ BAIDU_QUERY_URL: url + QUERY }),
    },
    event: () => sqsEvent([{ messageId: '1', body: lookup }]),
    check: (answer: unknown) => expect(answer).toEqual({ batchItemFailures: [] }),
  },
  {
    name: 'notify',
    service: () => world.taps[0]?.url ?? '',
    set: (url: string) => ({ PAYMENT_QUEUE_URL: url + new URL(world.aws.paymentQueueUrl).pathname }),
    event: () => notifyEvent(signedForm(PAID, platformKey)),
    check: ok,
  },
];

describe.concurrent.each(FUNCTIONS)(
  '$name opens a connection in its init phase',
  ({ name, service, set, event, check }) => {
    async function started(
      run: (sandbox: Sandbox, way: Way) => Promise<void>,
      isAway = false,
    ): Promise<void> {
      const way = await openWay(service());
      if (isAway) await way.close();
      // On a busy machine an attempt that is cut short would open one connection more.
      const more = { LOG_LEVEL: 'INFO', BAIDU_ATTEMPT_TIMEOUT_MS: '5000' };
      const sandbox = world.sandbox(name, { ...set(way.url), ...more }, 20_000);
      try {
        await run(sandbox, way);
        check(await sandbox.invoke(event()));
        expect(sandbox.output.join('\n')).not.toMatch(/BAIDU_|QUEUE_|Failed/);
      } finally {
        await sandbox.end();
        await way.close();
      }
    }
    const connected = ({ connections }: Way) => vi.waitUntil(() => connections[0], { timeout: 10_000 });

    test('which carries nothing before the first event, and then that one and the next', async () => {
      await started(async (sandbox, way) => {
        await connected(way);
        expect(way.bytes()).toEqual([0]);
        check(await sandbox.invoke(event()));
        const [first = 0, ...others] = way.bytes();
        expect(first).toBeGreaterThan(100);
        check(await sandbox.invoke(event()));
        expect(way.bytes()).toEqual([expect.any(Number)]);
        expect(way.bytes()[0]).toBeGreaterThan(first);
        expect(others).toEqual([]);
      });
    });

    test('which may have died meanwhile', async () => {
      await started(async (sandbox, way) => {
        (await connected(way)).resetAndDestroy();
        check(await sandbox.invoke(event()));
        expect(way.connections).toHaveLength(2);
      });
    });

    test('which was frozen for longer than a network remembers it', async () => {
      await started(async (sandbox, way) => {
        await connected(way);
        sandbox.child.kill('SIGSTOP');
        await new Promise((resolve) => setTimeout(resolve, 4500));
        sandbox.child.kill('SIGCONT');
        check(await sandbox.invoke(event()));
        expect(way.connections).toHaveLength(2);
        expect(way.bytes()[0]).toBe(0);
      });
    });

    test('which may not come about', async () => {
      await started(async (_sandbox, way) => way.open(), true);
    });
  },
);

describe.concurrent.each(FUNCTIONS)('$name reads its secret', ({ name, event, check }) => {
  async function readBy(act: (way: Way) => Promise<unknown>): Promise<Way> {
    const way = await openWay(world.secretsManager.url);
    await act(way);
    const sandbox = world.sandbox(name, { AWS_ENDPOINT_URL_SECRETS_MANAGER: way.url }, 20_000);
    try {
      if (way.connections.length === 0) await way.open().catch(() => undefined);
      check(await sandbox.invoke(event()));
      return way;
    } finally {
      await sandbox.end();
      await way.close();
    }
  }

  test('over the one connection that it opened before', async () => {
    const { connections } = await readBy(async () => undefined);
    expect(connections).toHaveLength(1);
  });

  test('where that may not have come about', async () => {
    await readBy((way) => way.close());
  });
});
