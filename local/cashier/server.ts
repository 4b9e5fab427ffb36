import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Faults } from './faults.ts';
import type { NewHop, Text } from './ledger.ts';
import { checkQuery, QUERY_PATH, type QueryRules, type QueryVerdict, queryAnswer } from './query.ts';

/** The part of a cashier that its server drives. */
export interface Desk {
  record(orderId: string | null, hop: NewHop): unknown;
  faults(): Faults;
}

/** Listens on 127.0.0.1 and answers queries; a port that is taken gives way to a free one. */
export async function listen(options: {
  desk: Desk;
  rules: QueryRules;
  port: number;
  slowMs: number;
  now: () => Date;
}): Promise<{ url: string; port: number; close(): Promise<void> }> {
  const closing = new AbortController();
  const query = (request: IncomingMessage, response: ServerResponse, search: string) =>
    answerQuery(request, response, { ...options, search, closing: closing.signal });
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (url.pathname === QUERY_PATH) void query(request, response, url.search);
    else response.writeHead(404).end();
  });
  const port = await bind(server, options.port);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: async () => {
      closing.abort();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function bind(server: Server, wanted: number): Promise<number> {
  try {
    return await tryPort(server, wanted);
  } catch (error) {
    const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    if (taken && wanted !== 0) return await tryPort(server, 0);
    throw error;
  }
}

function tryPort(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1' }, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

interface QueryContext {
  readonly desk: Desk;
  readonly rules: QueryRules;
  readonly slowMs: number;
  readonly now: () => Date;
  readonly search: string;
  readonly closing: AbortSignal;
}

async function answerQuery(
  request: IncomingMessage,
  response: ServerResponse,
  context: QueryContext,
): Promise<void> {
  const { desk, rules, slowMs, now, search, closing } = context;
  const started = performance.now();
  const faults = desk.faults();
  const verdict = checkQuery(request.method ?? '', search, rules);
  const errno = faults.query === 'qps' ? 5010003 : verdict.errno;
  const { order } = verdict;
  const answer = queryAnswer({ errno, order, unknownStatus: faults.unknownStatus, now: now() });
  const sent = { name: 'request', text: `${request.method} ${request.url}` };
  const answered = faults.query === 'down' ? [] : [{ name: 'answer', text: answer }];
  if (faults.query === 'slow') await wait(slowMs, undefined, { signal: closing }).catch(() => {});
  desk.record(verdict.orderId, {
    kind: 'query',
    tone: errno === 0 && faults.query !== 'down' ? 'good' : 'bad',
    note: queryNote(faults.query, verdict),
    raw: [sent, ...verdict.raw, ...answered],
    milliseconds: Math.round(performance.now() - started),
  });
  if (faults.query === 'down') request.socket.destroy();
  else response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(answer);
}

function queryNote(fault: Faults['query'], { errno, broken, order }: QueryVerdict): Text {
  if (fault === 'down') return { en: 'The connection was broken off', zh: '连接被中断' };
  if (fault === 'qps') return { en: 'errno 5010003: over the QPS limit', zh: 'errno 5010003：超过 QPS 限制' };
  if (broken) return { en: `errno ${errno}: ${broken.en}`, zh: `errno ${errno}：${broken.zh}` };
  const paid = order?.payment === 'PAID';
  const said = paid
    ? { en: 'Answered: paid', zh: '应答：支付成功' }
    : { en: 'Answered: unpaid', zh: '应答：未支付' };
  if (fault !== 'slow') return said;
  return { en: `${said.en}, late`, zh: `${said.zh}（迟到）` };
}
