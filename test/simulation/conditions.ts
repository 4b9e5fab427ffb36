import type { QueryOrder } from '../../lib/baidu/client.ts';
import type { ConfirmParts } from '../../lib/confirm.ts';
import type { LedgerWrite } from '../../lib/ledger/decisions.ts';
import { type Item, readRecord } from '../../lib/ledger/record.ts';

/** What a worker is made of that a condition can be taken out of. */
export type Parts = Pick<ConfirmParts, 'ledger' | 'publish' | 'queryOrder'>;

/** The kinds of write that the ledger knows, told apart by what they set. */
const isClaim = ({ set }: LedgerWrite) => 'version' in set && Number(set['claimUntil'] ?? 0) > 0;
const isCommit = ({ set }: LedgerWrite) => 'version' in set && !('claimUntil' in set);
const isGiveUp = ({ set }: LedgerWrite) => set['claimUntil'] === 0;
const without = (write: LedgerWrite, ...names: string[]): LedgerWrite => ({
  ...write,
  when: (write.when ?? []).filter(({ name }) => !names.includes(name)),
});

/** Each condition of the protocol, taken out of a worker's parts. */
export const SWITCHES: Readonly<Record<string, (parts: Parts, now: () => number) => Parts>> = {
  'the version': (parts) => writing(parts, (write) => without(write, 'version')),

  'a living claim': (parts, now) =>
    reading(
      writing(parts, (write) => (isClaim(write) || isCommit(write) ? without(write, 'claimUntil') : write)),
      (item) => (Number(item['claimUntil'] ?? 0) > now() ? { ...item, claimUntil: 0 } : item),
    ),

  'tell again after a claim that ran out': (parts, now) =>
    reading(parts, (item) => {
      const { claimUntil, telling: _, ...rest } = item;
      return claimUntil !== undefined && Number(claimUntil) <= now() ? rest : item;
    }),

  'settle only one’s own': (parts) =>
    writing(parts, (write) => ('told' in write.set && !isCommit(write) ? { ...write, when: [] } : write)),

  'a higher number at each claim': (parts) =>
    reading(
      writing(parts, (write, before) =>
        isClaim(write) && before?.['claimUntil'] !== undefined
          ? {
              ...write,
              when: (write.when ?? []).map((each) =>
                each.name === 'version'
                  ? { name: 'version', is: 'equal', value: Number(before['version']) }
                  : each,
              ),
            }
          : write,
      ),
      (item) => (item['claimUntil'] === undefined ? item : { ...item, version: Number(item['version']) - 1 }),
    ),

  'claim before publication': publishingFirst,

  'commit of “nothing changed”': (parts) => ({
    ...parts,
    ledger: {
      ...parts.ledger,
      write: async (id, write) =>
        isCommit(write) ? ((await parts.ledger.read(id)) ?? {}) : parts.ledger.write(id, write),
    },
  }),

  'give up instead of forget': (parts) =>
    writing(parts, (write) =>
      isGiveUp(write) ? { ...write, set: {}, remove: ['claimUntil', 'telling'] } : write,
    ),

  'an older answer is not told': (parts) => {
    const queryOrder: QueryOrder = async (...question) => {
      const status = await parts.queryOrder(...question);
      return { ...status, source: { ...status.source, timestamp: null } };
    };
    return { ...parts, queryOrder };
  },

  'a refund that was not told is a change': (parts) =>
    reading(parts, (item) => {
      const told = typeof item['told'] === 'string' ? JSON.parse(item['told']) : undefined;
      if (!told) return item;
      const { refunds } = readRecord({ appId: '', orderId: '' }, item);
      const words = Object.fromEntries(refunds.map(({ refundBatchId, code }) => [refundBatchId, code]));
      return { ...item, told: JSON.stringify({ ...told, refunds: words }) };
    }),
};

function writing(parts: Parts, change: (write: LedgerWrite, before: Item | undefined) => LedgerWrite): Parts {
  const { ledger } = parts;
  const before = new Map<string, Item | undefined>();
  return {
    ...parts,
    ledger: {
      ...ledger,
      read: async (id) => {
        const item = await ledger.read(id);
        before.set(id, item);
        return item;
      },
      write: async (id, write) => {
        const item = await ledger.write(id, change(write, before.get(id)));
        if (item) before.set(id, item);
        return item;
      },
    },
  };
}

function reading(parts: Parts, change: (item: Item) => Item): Parts {
  const { ledger } = parts;
  const seen = (item: Item | undefined) => item && change(item);
  return {
    ...parts,
    ledger: {
      ...ledger,
      read: async (id) => seen(await ledger.read(id)),
      write: async (id, write) => seen(await ledger.write(id, write)),
    },
  };
}

/** The claim is written after the publication, on the same conditions. */
function publishingFirst(parts: Parts): Parts {
  let claim: { id: string; write: LedgerWrite } | undefined;
  return {
    ...parts,
    ledger: {
      ...parts.ledger,
      write: async (id, write) => {
        if (!isClaim(write)) return parts.ledger.write(id, write);
        claim = { id, write };
        return (await parts.ledger.read(id)) ?? {};
      },
    },
    publish: async (event, budgetMs) => {
      await parts.publish(event, budgetMs);
      if (claim) await parts.ledger.write(claim.id, claim.write);
    },
  };
}
