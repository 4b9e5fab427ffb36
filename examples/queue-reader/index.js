// Reads the queue of the status topic on a server of your own. What is in a message is for handle.js, whose order it is
// for orders.js.

import { setTimeout as wait } from 'node:timers/promises';
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { handle } from './handle.js';

const { QUEUE_URL: QueueUrl, AWS_REGION } = process.env;
if (!URL.canParse(QueueUrl) || !AWS_REGION) {
  console.error('QUEUE_URL must be the URL of the queue, and AWS_REGION its region.');
  process.exit(1);
}

const sqs = new SQSClient({
  endpoint: new URL(QueueUrl).origin,
  // An empty queue answers after 20 s. What is silent for 30 s is asked again.
  requestHandler: { connectionTimeout: 5_000, requestTimeout: 30_000, throwOnRequestTimeout: true },
});
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stopping.abort());
const log = (message, details) => console.log(JSON.stringify({ message, ...details }));

/** What the program is at: 'receive', 'handle' or 'delete'. */
let step;
/** The steps that have failed, each until it goes well again, and how often anything has failed since all was well. */
const troubles = new Set();
let failures = 0;

log('reading');
while (!stopping.signal.aborted) {
  try {
    await takeOne();
  } catch (error) {
    if (!stopping.signal.aborted || error.name !== 'AbortError') await pauseAfter(error);
  }
}
sqs.destroy();
log('stopped');

/** Takes one message, if one comes within 20 s. */
async function takeOne() {
  step = 'receive';
  const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 1, WaitTimeSeconds: 20 });
  const { Messages: [message] = [] } = await sqs.send(receive, { abortSignal: stopping.signal });
  isWell();
  if (!message) return;
  step = 'handle';
  const { done, outcome, ids } = await handle(message.Body);
  log(outcome, { ...ids, messageId: message.MessageId });
  isWell();
  // What stays comes again when the queue's visibility timeout is over.
  if (!done) return;
  step = 'delete';
  const { ReceiptHandle } = message;
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  isWell();
}

/** Says so where the step had failed before. */
function isWell() {
  if (troubles.delete(step)) log('well again', { step });
  if (troubles.size === 0) failures = 0;
}

/** Waits 1 s, 2 s, 4 s and so on up to a minute, or until it has to stop. */
async function pauseAfter(error) {
  // Not the error's text: a database's may quote a user's id.
  if (!troubles.has(step)) log('in trouble', { step, error: error.code ?? error.name });
  troubles.add(step);
  const seconds = Math.min(60, 2 ** failures++);
  await wait(seconds * 1_000, undefined, { signal: stopping.signal }).catch(() => {});
}
