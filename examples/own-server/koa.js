// The same with Koa: npm install koa

import Koa from 'koa';
import { answerBaidu, refuse } from './baidu.js';
import { answerCustomer, keepConfirming } from './confirm.js';

const app = new Koa();

app.use(async (context) => {
  const [, folder, name = ''] = context.path.split('/');
  let answer = refuse(404, 'no such address');
  if (context.method === 'POST' && folder === 'baidu') {
    const text = await bodyOf(context.req);
    answer = text === undefined ? refuse(413, 'too large') : answerBaidu(name, text || context.querystring);
  }
  if (context.method === 'GET' && folder === 'orders')
    answer = await answerCustomer(decodeURIComponent(name));
  Object.assign(context, answer);
});

async function bodyOf(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= 64 * 1024) chunks.push(chunk);
  }
  return size > 64 * 1024 ? undefined : Buffer.concat(chunks).toString('utf8');
}

const server = app.listen(Number(process.env.PORT ?? 8000), '127.0.0.1', () => {
  console.log(`listening on ${server.address().port}`);
});
keepConfirming();
