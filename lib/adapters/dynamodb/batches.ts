import {
  BatchGetItemCommand,
  type BatchGetItemCommandOutput,
  BatchWriteItemCommand,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import type { Connection } from './connection.ts';
import { reportConsumed } from './consumed.ts';
import type { Item } from './items.ts';

/**
 * The items at these keys (`k`), those that there are. Takes any number of keys, repeated ones too. What DynamoDB puts
 * off (for its answers end at 16 MB, or for lack of capacity) is asked for again.
 */
export async function getItems(
  { client, retry, limitOf, report }: Connection,
  table: string,
  keys: readonly string[],
  isConsistent: boolean,
): Promise<ReadonlyMap<string, Item>> {
  const found = new Map<string, Item>();
  const limit = limitOf('read', table);

  const get = (left: readonly string[]): Promise<string[]> =>
    limit.run(async press => {
      let answer: BatchGetItemCommandOutput;
      try {
        answer = await client.send(
          new BatchGetItemCommand({
            RequestItems: {
              [table]: { Keys: left.map(k => ({ k: { S: k } })), ConsistentRead: isConsistent },
            },
            ReturnConsumedCapacity: 'TOTAL',
          }),
        );
      } catch (error) {
        press();
        throw error;
      }
      reportConsumed(report, 'BatchGetItem', answer.ConsumedCapacity);
      for (const item of answer.Responses?.[table] ?? []) found.set(item.k?.S ?? '', item);
      const putOff = answer.UnprocessedKeys?.[table]?.Keys ?? [];
      if (putOff.length > 0) press();
      return putOff.map(({ k }) => k?.S ?? '');
    });

  const parts = chunks([...new Set(keys)], mostGets);
  await Promise.all(parts.map(part => retry.all(`read of table ${table}`, part, get)));
  return found;
}

/** Puts and deletes of distinct items, without conditions; may be repeated, so failed requests are. */
export async function writeItems(
  { client, retry, limitOf, report }: Connection,
  table: string,
  requests: readonly WriteRequest[],
): Promise<void> {
  const limit = limitOf('write', table);

  const write = (left: readonly WriteRequest[]): Promise<WriteRequest[]> =>
    limit.run(async press => {
      try {
        const answer = await client.send(
          new BatchWriteItemCommand({
            RequestItems: { [table]: [...left] },
            ReturnConsumedCapacity: 'TOTAL',
          }),
        );
        reportConsumed(report, 'BatchWriteItem', answer.ConsumedCapacity);
        const putOff = answer.UnprocessedItems?.[table] ?? [];
        if (putOff.length > 0) press();
        return putOff;
      } catch (error) {
        press();
        throw error;
      }
    });

  const parts = chunks(requests, mostWrites);
  await Promise.all(parts.map(part => retry.all(`write of runs to table ${table}`, part, write)));
}

/** DynamoDB takes no more in one request. */
const mostGets = 100;
const mostWrites = 25;

const chunks = <T>(all: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
