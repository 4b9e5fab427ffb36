import { sqsEvent } from '../../local/stack/events.ts';
import type { Stage } from './stage.ts';
import { inTurn, median } from './statistics.ts';

/** How long confirm takes for a batch of one and of ten, in milliseconds. */
export interface ConfirmRun {
  readonly oneMs: number;
  readonly tenMs: number;
}

/**
 * Lets confirm publish new orders, alone and ten at a time. SNS and DynamoDB are as light as the other peers: emulators,
 * which work on an order for longer than confirm does, would be what is measured.
 */
export async function measureConfirm(stage: Stage, rounds: number): Promise<ConfirmRun> {
  const sandbox = await stage.start('confirm');
  let order = 1_000_000;
  const confirm = async (size: number) => {
    const messages = Array.from({ length: size }, () => {
      const orderId = String(order++);
      return { messageId: orderId, body: JSON.stringify({ orderId, siteId: '3747777038' }) };
    });
    const { startedAt, endedAt, result } = await sandbox.invoke(sqsEvent(messages));
    if (JSON.stringify(result) !== '{"batchItemFailures":[]}') throw new Error(JSON.stringify(result));
    return endedAt - startedAt;
  };
  try {
    for (const size of [1, 10, 1, 10]) await confirm(size);
    const times = await inTurn(['one', 'ten'], rounds, (batch) => confirm(batch === 'one' ? 1 : 10));
    return { oneMs: median(times.one), tenMs: median(times.ten) };
  } finally {
    await sandbox.stop();
  }
}
