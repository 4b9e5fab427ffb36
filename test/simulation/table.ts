import type { Condition, LedgerWrite } from '../../lib/ledger/decisions.ts';
import type { Item } from '../../lib/ledger/record.ts';

/** DynamoDB as far as the ledger uses it: items by id, writes that take place whole or not at all. */
export class Table {
  readonly items = new Map<string, Item>();

  read(id: string): Item | undefined {
    return this.items.get(id);
  }

  /** The item as it is then; `undefined` where a condition did not hold. */
  write(id: string, { set, keep = {}, remove = [], when = [] }: LedgerWrite): Item | undefined {
    const before = this.items.get(id) ?? {};
    if (!when.every((condition) => holds(condition, before))) return undefined;
    const after: Record<string, string | number> = { id, ...keep, ...before, ...set };
    for (const name of remove) delete after[name];
    this.items.set(id, after);
    return after;
  }

  find(merchantOrder: string): Item[] {
    return [...this.items.values()].filter((item) => item['merchantOrder'] === merchantOrder);
  }
}

function holds(condition: Condition, item: Item): boolean {
  const value = item[condition.name];
  switch (condition.is) {
    case 'absent':
      return value === undefined;
    case 'present':
      return value !== undefined;
    case 'equal':
      return value === condition.value;
    case 'past':
      return value === undefined || (typeof value === 'number' && value <= condition.value);
  }
}
