import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { DONE, decide } from './decide.ts';
import { type Message, readMessage } from './message.ts';
import { createOrders } from './orders.ts';

const orders = createOrders(process.env['ORDERS_TABLE'] ?? 'orders');
const done: ReadonlySet<string> = new Set(DONE);

/**
 * Messages of the status topic, out of a queue: keeps the last word about each order, and marks it paid once. What is not
 * done with comes again, and ends in the dead-letter queue, for a person to look at.
 */
export async function handler({ Records }: SQSEvent): Promise<SQSBatchResponse> {
  const failures = await Promise.all(
    Records.map(async ({ messageId, body }) => ((await handle(messageId, body)) ? [] : [messageId])),
  );
  return { batchItemFailures: failures.flat().map((itemIdentifier) => ({ itemIdentifier })) };
}

/** Handles a message, and says in the log what came of it; returns whether it is done with. */
async function handle(messageId: string, body: string): Promise<boolean> {
  const message = readMessage(body);
  const ids = typeof message === 'object' && { tpOrderId: message.tpOrderId, orderId: message.orderId };
  try {
    const outcome = typeof message === 'string' ? message : await settle(message);
    console.log(JSON.stringify({ message: outcome, ...ids, messageId }));
    return done.has(outcome);
  } catch (error) {
    const name = error instanceof Error ? error.name : 'Error';
    console.error(JSON.stringify({ message: 'failed', error: name, ...ids, messageId }));
    return false;
  }
}

async function settle(message: Message): Promise<string> {
  for (;;) {
    const order = await orders.find(message);
    const { outcome, changes } = decide(order, message);
    if (!order || !changes || (await orders.keep(order, changes))) return outcome;
    // Somebody else has changed the order since it was read.
  }
}
