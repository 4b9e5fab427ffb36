import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { requestContext } from './events.ts';
import type { LocalFunction } from './lambda.ts';

/** The largest body that an HTTP API takes, in bytes (its quota on payloads). */
const LARGEST_BODY = 10 * 1024 * 1024;

/** A function behind a route. */
export interface GatewayRoute {
  readonly method: string;
  /** The path, with `{name}` for a parameter. */
  readonly path: string;
  readonly invoke: LocalFunction['invoke'];
}

/** An HTTP API on this machine. */
export interface Gateway {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** What a function answers, in payload 2.0. */
interface FunctionAnswer {
  statusCode: number;
  headers?: Record<string, string>;
  body?: string;
}

/**
 * Serves functions over HTTP as an API Gateway HTTP API does (payload 2.0): bodies that are not text or JSON arrive
 * base64-encoded, path parameters decoded, headers in lower case.
 *
 * @param port on 127.0.0.1; one that is taken gives way to a free one
 */
export async function startGateway(routes: readonly GatewayRoute[], port = 0): Promise<Gateway> {
  const server = http.createServer(async (request, response) => {
    const { status, headers, body } = await answer(routes, request).catch(() =>
      failure(500, 'Internal Server Error'),
    );
    response.writeHead(status, headers);
    response.end(body);
  });
  const bound = await listen(server, port);
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Listens on a port of 127.0.0.1, or on a free one where it is taken; resolves with the port. */
async function listen(server: http.Server, port: number): Promise<number> {
  const attempt = (wanted: number) =>
    new Promise<number>((resolve, reject) => {
      server.once('error', reject);
      server.listen(wanted, '127.0.0.1', () => {
        server.off('error', reject);
        resolve((server.address() as AddressInfo).port);
      });
    });
  return attempt(port).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    return attempt(0);
  });
}

async function answer(routes: readonly GatewayRoute[], request: http.IncomingMessage) {
  const url = new URL(request.url ?? '/', 'http://gateway');
  for (const route of routes) {
    const parameters = route.method === request.method ? match(route.path, url.pathname) : undefined;
    if (!parameters) continue;
    const body = await readBody(request);
    if (!body) return failure(413, 'Request Entity Too Large');
    const { result, error } = await route.invoke(toEvent(route, request, url, parameters, body));
    if (error) return failure(500, 'Internal Server Error');
    const { statusCode, headers = {}, body: text = '' } = result as FunctionAnswer;
    return { status: statusCode, headers, body: text };
  }
  return failure(404, 'Not Found');
}

/** The whole body; `undefined` for one that is too large, which is read to its end all the same. */
async function readBody(request: http.IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= LARGEST_BODY) chunks.push(chunk);
  }
  return size <= LARGEST_BODY ? Buffer.concat(chunks) : undefined;
}

function failure(status: number, message: string) {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ message }) };
}

/** The parameters of a path that fits a route, decoded; `undefined` for one that does not. */
function match(routePath: string, actual: string): Record<string, string> | undefined {
  const names = routePath.split('/');
  const values = actual.split('/');
  if (names.length !== values.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, name] of names.entries()) {
    const value = values[index] ?? '';
    const parameter = /^\{(\w+)\}$/.exec(name)?.[1];
    if (parameter) parameters[parameter] = decode(value);
    else if (name !== value) return undefined;
  }
  return parameters;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function toEvent(
  { method, path }: GatewayRoute,
  request: http.IncomingMessage,
  url: URL,
  pathParameters: Record<string, string>,
  body: Buffer,
): Record<string, unknown> {
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(',') : value,
    ]),
  );
  const isText = /^(text\/|application\/(json|javascript|xml))/.test(request.headers['content-type'] ?? '');
  const query = [...url.searchParams.keys()].map((name) => [name, url.searchParams.getAll(name).join(',')]);
  return {
    version: '2.0',
    routeKey: `${method} ${path}`,
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    headers,
    ...(query.length > 0 && { queryStringParameters: Object.fromEntries(query) }),
    ...(Object.keys(pathParameters).length > 0 && { pathParameters }),
    requestContext: requestContext(method, url.pathname),
    ...(body.length > 0 && { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}
