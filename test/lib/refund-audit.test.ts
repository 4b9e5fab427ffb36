import { beforeEach, describe, expect, test, vi } from 'vitest';
import { learn } from '../../lib/ledger/decisions.ts';
import { orderItemId } from '../../lib/ledger/record.ts';
import { type Audit, tellAudit } from '../../lib/refund-audit.ts';
import { Table } from '../simulation/table.ts';

const order = { appId: '10026', orderId: '1' };
const audit = (auditStatus: 1 | 2 | 3): Audit => ({
  fields: { refundBatchId: 'batch' },
  answer: { auditStatus, refundPayMoney: 100 },
});

let clock: number;
let table: Table;
let onUndecided: ReturnType<typeof vi.fn<(waiting: object) => void>>;
beforeEach(() => {
  clock = Date.parse('2026-01-01T00:00:00.000Z');
  table = new Table();
  onUndecided = vi.fn();
});

/** Baidu asks, so many seconds after it asked last. */
function ask(auditStatus: 1 | 2 | 3, afterSeconds = 0) {
  clock += afterSeconds * 1000;
  const asked = { order, siteId: '2', tpOrderId: 'own', audit: audit(auditStatus) };
  return tellAudit(asked, {
    ledger: {
      read: async (id) => table.read(id),
      write: async (id, write) => table.write(id, write),
      find: async (own) => table.find(own),
    },
    ...{ rememberMs: 86_400_000, leftMs: () => 1000, now: () => clock },
    ...{ pause: async () => undefined, nameDecision: () => crypto.randomUUID() },
    ...{ publishAudit: async () => undefined, onUndecided },
  });
}

describe('tellAudit()', () => {
  test('tells once for each answer', async () => {
    expect([await ask(3), await ask(3), await ask(1)]).toEqual(['published', 'known', 'published']);
  });

  test('says for how long nobody has decided, each time that Baidu asks again', async () => {
    await ask(3);
    expect(onUndecided).not.toHaveBeenCalled();
    await ask(3, 300);
    await ask(3, 300);
    expect(onUndecided.mock.calls).toEqual([
      [{ orderId: '1', refundBatchId: 'batch', seconds: 300 }],
      [{ orderId: '1', refundBatchId: 'batch', seconds: 600 }],
    ]);
  });

  test('says nothing of one that was answered, or that Baidu has notified since', async () => {
    for (const answer of [1, 1, 2, 2] as const) await ask(answer, 300);
    await ask(3, 300);
    const done = { refund: { refundBatchId: 'batch', code: 1 as const } };
    table.write(orderItemId(order), learn(order, done, clock, 0));
    await ask(3, 300);
    expect(onUndecided).not.toHaveBeenCalled();
  });
});
