import type { KeyObject } from 'node:crypto';
import http from 'node:http';
import { listenOnLoopback } from '../../local/cashier/http/loopback.ts';
import { verify } from '../../local/cashier/signature/signature.ts';

/** Answers one request; may also destroy its socket or never answer. */
export type Behaviour = (request: http.IncomingMessage, response: http.ServerResponse) => void;

/** The answer that Baidu's page prints, with some members changed. */
export function answerBody(changes: Record<string, unknown> = {}): string {
  return JSON.stringify({
    errno: 0,
    errmsg: '成功',
    msg: '成功',
    data: {
      data: {
        payStatus: { statusNum: 1, statusDesc: '支付成功' },
        refundStatus: { statusNum: -1, statusDesc: '未退费' },
        verification: { statusNum: -1, statusDesc: '无核销数据' },
      },
    },
    timestamp: 1482735200,
    cached: 0,
    serverlogid: '3200820823',
    ...changes,
  });
}

/** A behaviour that answers with a status and a body. */
export function says(body: string, status = 200, headers: http.OutgoingHttpHeaders = {}): Behaviour {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body);
  };
}

/** A behaviour that ends the connection without a word. */
export const resets: Behaviour = (request) => request.socket.resetAndDestroy();

/** A behaviour that never answers. */
export const hangs: Behaviour = () => undefined;

/** A behaviour whose answer ends in the middle, and the connection with it. */
export const breaksOff: Behaviour = (request, response) => {
  response.writeHead(200, { 'content-length': 9999 });
  response.write(answerBody(), () => request.socket.destroy());
};

/** A behaviour that answers a blank at a time, for ever. */
export const drips: Behaviour = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  const timer = setInterval(() => response.write(' '), 50);
  response.on('close', () => clearInterval(timer));
};

/** A behaviour that answers well where the query's signature is of this key, and with errno 10000 where it is not. */
export function takesSignaturesOf(publicKey: KeyObject): Behaviour {
  return (request, response) => {
    const params = Object.fromEntries(new URLSearchParams(request.url?.split('?')[1]));
    const good = verify(params, params['sign'] ?? '', publicKey);
    says(good ? answerBody() : answerBody({ errno: 10000, errmsg: '签名错误', data: null }))(
      request,
      response,
    );
  };
}

/** A scripted Baidu: plays the behaviours given in turn, then its standard one. */
export interface ScriptedBaidu {
  readonly url: string;
  /** The request lines that arrived, as they stood on the wire. */
  readonly requests: string[];
  /** How many connections were opened. */
  connections(): number;
  play(...behaviours: Behaviour[]): void;
  always(behaviour: Behaviour): void;
  close(): Promise<void>;
}

/** Starts a scripted Baidu on a free port of 127.0.0.1. */
export async function startBaidu(): Promise<ScriptedBaidu> {
  const script: Behaviour[] = [];
  const requests: string[] = [];
  let standard: Behaviour = says(answerBody());
  let connections = 0;
  const server = http.createServer((request, response) => {
    requests.push(request.url ?? '');
    (script.shift() ?? standard)(request, response);
  });
  server.on('connection', () => connections++);
  const { url, close } = await listenOnLoopback(server);
  return {
    url: `${url}/platform/entity/openapi/queryorderdetail`,
    requests,
    connections: () => connections,
    play: (...behaviours) => script.push(...behaviours),
    always: (behaviour) => {
      standard = behaviour;
    },
    close,
  };
}
