// The same with Fastify: npm install fastify

import Fastify from 'fastify';
import { answerBaidu, refuse } from './baidu.js';
import { answerCustomer, keepConfirming } from './confirm.js';

const app = Fastify({ bodyLimit: 64 * 1024 });
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));

app.post('/baidu/:message', (request, reply) => {
  const [, query = ''] = request.url.split('?');
  send(reply, answerBaidu(request.params.message, request.body || query));
});

app.get('/orders/:tpOrderId', async (request, reply) => {
  send(reply, await answerCustomer(request.params.tpOrderId));
  return reply;
});

app.setErrorHandler((error, _request, reply) => {
  send(reply, refuse(error.statusCode ?? 500, error.code ?? 'try again'));
});

function send(reply, { status, body }) {
  reply.code(status).send(body);
}

await app.listen({ port: Number(process.env.PORT ?? 8000), host: '127.0.0.1' });
console.log(`listening on ${app.server.address().port}`);
keepConfirming();
