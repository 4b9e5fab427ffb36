import { setTimeout as delay } from 'node:timers/promises';
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { ServiceError } from '../baidu/errors.ts';
import { within } from '../baidu/http/deadline.ts';
import type { Condition, LedgerWrite } from './decisions.ts';
import type { Item } from './record.ts';

/** Where the ledger keeps its items. Each call throws `LEDGER_UNAVAILABLE` where the table does not answer in time. */
export interface LedgerStore {
  /** An item as it is now; `undefined` where there is none. */
  read(id: string, budgetMs?: number): Promise<Item | undefined>;
  /** Writes, and returns the item as it is then; `undefined` where a condition did not hold and nothing was written. */
  write(id: string, write: LedgerWrite, budgetMs?: number): Promise<Item | undefined>;
  /** The items that name a merchant's order, of a moment ago. */
  find(merchantOrder: string, budgetMs?: number): Promise<Item[]>;
}

/** How long one attempt at the table may take to its last byte, in milliseconds, and how many there are. */
const ATTEMPT_MS = 1000;
const ATTEMPTS = 3;

/** The pause before the second attempt at the most, in milliseconds; before the third twice as much. */
const PAUSE_MS = 50;

/** More items than these under one order id of the merchant's are not looked at. */
const MOST_ORDERS = 20;

/**
 * Keeps the ledger in a DynamoDB table: key `id` (S), index `merchantOrder` over the attribute of that name (S).
 *
 * @param client one that makes a single attempt: these are counted here, since a body that stalls is an attempt, too
 * @param attemptMs how long an attempt may take to its last byte, in milliseconds
 */
export function createLedgerStore(
  client: DynamoDBClient,
  tableName: string,
  attemptMs = ATTEMPT_MS,
): LedgerStore {
  const TableName = tableName;
  const inTime = startAttempts(attemptMs);

  return {
    read: async (id, budgetMs) => {
      const command = new GetItemCommand({ TableName, Key: { id: { S: id } }, ConsistentRead: true });
      const { Item } = await inTime((abortSignal) => client.send(command, { abortSignal }), budgetMs);
      return Item && itemOf(Item);
    },
    write: async (id, write, budgetMs) => {
      const command = new UpdateItemCommand({
        ...{ TableName, Key: { id: { S: id } }, ReturnValues: 'ALL_NEW' },
        ...expressionsOf(write),
      });
      try {
        const { Attributes = {} } = await inTime(
          (abortSignal) => client.send(command, { abortSignal }),
          budgetMs,
        );
        return itemOf(Attributes);
      } catch (error) {
        if (error instanceof ServiceError && error.cause instanceof ConditionalCheckFailedException)
          return undefined;
        throw error;
      }
    },
    find: async (merchantOrder, budgetMs) => {
      const command = new QueryCommand({
        ...{ TableName, IndexName: 'merchantOrder', Limit: MOST_ORDERS },
        KeyConditionExpression: 'merchantOrder = :order',
        ExpressionAttributeValues: { ':order': { S: merchantOrder } },
      });
      const { Items = [] } = await inTime((abortSignal) => client.send(command, { abortSignal }), budgetMs);
      return Items.map(itemOf);
    },
  };
}

/** Names of AWS's errors that another attempt does not mend. */
const FINAL =
  /^(ConditionalCheckFailed|ResourceNotFound|AccessDenied|Validation|UnrecognizedClient|InvalidSignature|ItemCollectionSizeLimit)/;

/** A function that makes attempts at a call, each as long as this and all within a budget, in milliseconds. */
function startAttempts(attemptMs: number) {
  return async <T>(
    send: (signal: AbortSignal) => Promise<T>,
    budgetMs = Number.POSITIVE_INFINITY,
  ): Promise<T> => {
    const giveUpAt = performance.now() + budgetMs;
    for (let attempt = 1; ; attempt++) {
      const leftMs = giveUpAt - performance.now();
      try {
        return await within(Math.min(attemptMs, leftMs), send, tooLate);
      } catch (cause) {
        const final = cause instanceof Error && FINAL.test(cause.name);
        if (final || attempt === ATTEMPTS || giveUpAt - performance.now() < attemptMs / 10) {
          throw new ServiceError('LEDGER_UNAVAILABLE', 'The ledger did not answer.', { cause });
        }
        await delay(PAUSE_MS * attempt * Math.random());
      }
    }
  };
}

function tooLate(): Error {
  return Object.assign(new Error('DynamoDB did not answer in time.'), { name: 'TimeoutError' });
}

/** A write in DynamoDB's own language; every name and value by a placeholder. */
function expressionsOf({ set, keep = {}, remove = [], when = [] }: LedgerWrite) {
  const names = new Map<string, string>();
  const values: Record<string, AttributeValue> = {};
  const nameOf = (name: string) => {
    if (!names.has(name)) names.set(name, `#n${names.size}`);
    return names.get(name) ?? '';
  };
  const placeholderOf = (value: string | number) => {
    const placeholder = `:v${Object.keys(values).length}`;
    values[placeholder] = typeof value === 'number' ? { N: String(value) } : { S: value };
    return placeholder;
  };
  const conditionOf = (condition: Condition) => {
    const name = nameOf(condition.name);
    switch (condition.is) {
      case 'absent':
        return `attribute_not_exists(${name})`;
      case 'present':
        return `attribute_exists(${name})`;
      case 'equal':
        return `${name} = ${placeholderOf(condition.value)}`;
      case 'past':
        return `(attribute_not_exists(${name}) OR ${name} <= ${placeholderOf(condition.value)})`;
    }
  };
  const sets = [
    ...Object.entries(set).map(([name, value]) => `${nameOf(name)} = ${placeholderOf(value)}`),
    ...Object.entries(keep).map(([name, value]) => {
      return `${nameOf(name)} = if_not_exists(${nameOf(name)}, ${placeholderOf(value)})`;
    }),
  ];
  const removes = remove.map(nameOf);
  const conditions = when.map(conditionOf);
  return {
    UpdateExpression: `SET ${sets.join(', ')}${removes.length > 0 ? ` REMOVE ${removes.join(', ')}` : ''}`,
    ...(conditions.length > 0 && { ConditionExpression: conditions.join(' AND ') }),
    ExpressionAttributeNames: Object.fromEntries(
      [...names].map(([name, placeholder]) => [placeholder, name]),
    ),
    ExpressionAttributeValues: values,
  };
}

function itemOf(attributes: Record<string, AttributeValue>): Item {
  const item: Record<string, string | number> = {};
  for (const [name, { S, N }] of Object.entries(attributes)) {
    const value = S ?? (N === undefined ? undefined : Number(N));
    if (value !== undefined) item[name] = value;
  }
  return item;
}
