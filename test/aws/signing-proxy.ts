import type { KeyObject } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { sign } from '../../local/cashier/signature/signature.ts';

/** What a proxy signs with, and the deal that the service knows. */
export interface Signer {
  readonly privateKey: KeyObject;
  readonly dealId: string;
}

/** A proxy that gives each form that bears some signature the right one. */
export interface SigningProxy {
  readonly url: string;
  /** What was answered, as `POST /path 200`, each once. */
  readonly seen: ReadonlySet<string>;
  close(): Promise<void>;
}

/** Whoever makes up forms cannot sign them, and would never come past the signature. */
export async function startSigningProxy(target: string, signer: Signer): Promise<SigningProxy> {
  const seen = new Set<string>();
  const server = http.createServer(async (request, response) => {
    const form = await buffer(request);
    const body = request.url?.startsWith('/baidu/') ? signed(form, signer) : form;
    const { 'content-length': _length, 'transfer-encoding': _encoding, ...headers } = request.headers;
    const path = request.url ?? '/';
    const options = { method: request.method, headers: { ...headers, 'content-length': body.length } };
    const forwarded = http.request(new URL(path, target), options, async (answer) => {
      seen.add(`${request.method} ${path.replace(/\?.*/, '')} ${answer.statusCode}`);
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      response.end(await buffer(answer));
    });
    forwarded.on('error', () => request.socket.destroy());
    forwarded.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    ...{ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function signed(form: Buffer, { privateKey, dealId }: Signer): Buffer {
  const params = new URLSearchParams(form.toString());
  if (!params.has('rsaSign')) return form;
  if (/^[1-9][0-9]{0,18}$/.test(params.get('dealId') ?? '')) params.set('dealId', dealId);
  params.set('rsaSign', sign(Object.fromEntries(params), privateKey));
  return Buffer.from(params.toString());
}
