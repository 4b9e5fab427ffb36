import { createServer, type Server } from 'node:http';
import type { Language } from '../../command/language.ts';
import { CashierError } from '../error.ts';
import { answerQuery, type QueryContext } from './answer.ts';
import { type ControlDesk, control } from './control.ts';
import { OPENAPI_PATHS, type OpenapiQuestion } from './openapi.ts';
import { answerOpenapi, type OpenapiContext } from './openapi-answer.ts';
import { QUERY_PATH } from './query.ts';

/** Listens on 127.0.0.1: queries, the page and its control routes. A port that is taken gives way to a free one, unless `strictPort`. */
export async function listen(options: {
  desk: ControlDesk;
  query: Omit<QueryContext, 'closing'>;
  openapi: Omit<OpenapiContext, 'closing'>;
  port: number;
  strictPort: boolean;
  language: Language;
}): Promise<{ url: string; port: number; close(): Promise<void> }> {
  const closing = new AbortController();
  const query = { ...options.query, closing: closing.signal };
  const context = { ...options.openapi, closing: closing.signal };
  const server = createServer((request, response) => {
    const [path = '/'] = (request.url ?? '/').split('?');
    const question = questionAt(path);
    const done = question
      ? answerOpenapi(request, response, { question, context })
      : path === QUERY_PATH
        ? answerQuery(request, response, query)
        : control(request, response, { path, desk: options.desk, language: options.language });
    done.catch(() => request.socket.destroy());
  });
  const port = await bind(server, options);
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

function questionAt(path: string): OpenapiQuestion | undefined {
  return Object.entries(OPENAPI_PATHS).find(([known]) => known === path)?.[1];
}

async function bind(
  server: Server,
  { port: wanted, strictPort }: { port: number; strictPort: boolean },
): Promise<number> {
  try {
    return await tryPort(server, wanted);
  } catch (error) {
    const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    if (taken && !strictPort) return await tryPort(server, 0);
    const text = taken
      ? { en: `port ${wanted} is in use`, zh: `端口 ${wanted} 已被占用` }
      : {
          en: `the cashier cannot listen on port ${wanted}`,
          zh: `收银台无法在端口 ${wanted} 上监听`,
        };
    throw new CashierError('INVALID', text, { cause: error });
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
