// With Express. The same with Koa and with Fastify: koa.js, fastify.js.

import express from 'express';
import { answerBaidu, refuse } from './baidu.js';
import { answerCustomer, keepConfirming } from './confirm.js';

const app = express();

// The text as it came: what Baidu has signed is verified before anything is made of it.
app.post('/baidu/:message', express.text({ type: () => true, limit: '64kb' }), (request, response) => {
  const [, query = ''] = request.url.split('?');
  send(response, answerBaidu(request.params.message, request.body || query));
});

app.get('/orders/:tpOrderId', async (request, response) => {
  send(response, await answerCustomer(request.params.tpOrderId));
});

// Baidu wants JSON, whatever goes wrong.
app.use((error, _request, response, _next) => {
  send(response, refuse(error.status ?? 500, error.type ?? 'try again'));
});

function send(response, { status, body }) {
  response.status(status).json(body);
}

const server = app.listen(Number(process.env.PORT ?? 8000), '127.0.0.1', () => {
  console.log(`listening on ${server.address().port}`);
});
keepConfirming();
