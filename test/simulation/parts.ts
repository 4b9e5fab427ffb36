import type { OrderStatus } from '../../lib/baidu/order-status.ts';
import type { ConfirmParts, OrderEvent } from '../../lib/confirm.ts';
import type { LedgerWrite } from '../../lib/ledger/decisions.ts';
import type { Item } from '../../lib/ledger/record.ts';
import { SWITCHES } from './conditions.ts';
import type { Table } from './table.ts';
import { APP, told } from './world.ts';

/** What a worker finds around it. */
export interface Surroundings {
  readonly table: Table;
  /** Asks for something that takes place somewhere else; typically in so many milliseconds. */
  readonly ask: <T>(what: string, take: () => T, typicalMs?: number) => Promise<T>;
  readonly answer: () => OrderStatus;
  readonly tell: (event: OrderEvent) => void;
  readonly send: (body: string, delayMs: number) => void;
  readonly write: (id: string, write: LedgerWrite) => Item | undefined;
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<void>;
  readonly nameDecision: () => string;
  readonly random: () => number;
}

/**
 * A worker's parts: the real use case's own, over models of what is around it.
 *
 * @param off the name of a condition of `SWITCHES` that is taken out
 */
export function partsIn(around: Surroundings, off: string | undefined): ConfirmParts {
  const { table, ask, now } = around;
  const plain = {
    ledger: {
      read: (id: string) => ask('reads', () => table.read(id)),
      write: (id: string, write: LedgerWrite) =>
        ask(`writes ${Object.keys(write.set).join(' ')}`, () => around.write(id, write)),
      find: (key: string) => ask('finds', () => table.find(key)),
    },
    queryOrder: () => ask('asks Baidu', around.answer, 300),
    publish: (event: OrderEvent) =>
      ask(`publishes ${event.sequence}: ${event.changed.join(' ')} ${told(event)}`, () => around.tell(event)),
  };
  const take = off === undefined ? undefined : SWITCHES[off];
  return {
    ...(take ? take(plain, now) : plain),
    publishAudit: async () => undefined,
    loadSecret: async () => ({ find: () => APP }),
    sendBack: (message, { delaySeconds }) =>
      ask('sends back', () => around.send(JSON.stringify(message), delaySeconds * 1000)),
    rememberMs: 400 * 86_400_000,
    ...{ now, pause: around.pause, nameDecision: around.nameDecision, random: around.random },
  };
}
