import type { SNSEvent } from 'aws-lambda';
import { readPayment } from './message.ts';
import { createOrders } from './orders.ts';

const markPaid = createOrders(process.env['ORDERS_TABLE'] ?? 'orders');

/**
 * Messages of the status topic: marks each order paid that Baidu says is paid. The same message may come more than
 * once, and does no harm. What cannot be marked is thrown: Lambda tries twice more and then puts the event into the
 * dead-letter queue.
 */
export async function handler(event: SNSEvent): Promise<void> {
  for (const { Sns } of event.Records) {
    const payment = readPayment(Sns.Message);
    const outcome = payment ? await markPaid(payment) : 'ignored';
    console.log(JSON.stringify({ message: outcome, tpOrderId: payment?.tpOrderId }));
  }
}
