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
  // An empty queue answers after 20 s. What is silent for longer is asked again.
  requestHandler: { connectionTimeout: 5_000, requestTimeout: 30_000, throwOnRequestTimeout: true },
});
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stopping.abort());
const log = (message, details) => console.log(JSON.stringify({ message, ...details }));

/** What the program is at: 'receive', 'handle' or 'delete'. */
let step;
/** The step that has failed, until it goes well again, and how often anything has failed since. */
let trouble = { step: undefined, failures: 0 };

log('reading');
while (!stopping.signal.aborted) {
  try {
    const handled = await takeOne();
    if (trouble.step === 'receive' || (trouble.step && handled)) {
      log('well again');
      trouble = { step: undefined, failures: 0 };
    }
  } catch (error) {
    if (error.name !== 'AbortError') await pauseAfter(error);
  }
}
sqs.destroy();
log('stopped');

/** Takes one message, if one comes within 20 s; whether one did. */
async function takeOne() {
  step = 'receive';
  const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 1, WaitTimeSeconds: 20 });
  const { Messages: [message] = [] } = await sqs.send(receive, { abortSignal: stopping.signal });
  if (!message) return false;
  step = 'handle';
  const { done, outcome, ids } = await handle(message.Body);
  log(outcome, { ...ids, messageId: message.MessageId });
  step = 'delete';
  const { ReceiptHandle } = message;
  // What stays comes again when the queue's visibility timeout is over.
  if (done) await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  return true;
}

/** Waits 1 s, 2 s, 4 s and so on up to a minute, or until it has to stop. */
async function pauseAfter(error) {
  // Not the error's text: a database's may quote a user's id.
  if (!trouble.step) log('in trouble', { step, error: error.code ?? error.name });
  const seconds = Math.min(60, 2 ** trouble.failures);
  trouble = { step, failures: trouble.failures + 1 };
  await wait(seconds * 1_000, undefined, { signal: stopping.signal }).catch(() => {});
}
