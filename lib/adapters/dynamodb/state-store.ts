import { setTimeout as sleepFor } from 'node:timers/promises';
import {
  type DynamoDBClient,
  PutItemCommand,
  ScanCommand,
  type ScanCommandOutput,
} from '@aws-sdk/client-dynamodb';
import type { Clock, RowWrite, StateStore, WriteOutcome } from '../../runtime/ports.ts';
import { systemClock } from '../clock.ts';
import { type AdaptiveLimit, createAdaptiveLimit, type LimitBounds } from './adaptive-limit.ts';
import { getItems, writeItems } from './batches.ts';
import type { Connection } from './connection.ts';
import { type ConsumedUnits, reportConsumed } from './consumed.ts';
import { failureOf, isTooLarge, storeErrorOf } from './failures.ts';
import { conditionOn, rowItem, rowKey, rowOf, rowPrefix, runItem, runKey, writeUnits } from './items.ts';
import { createProgress } from './progress.ts';
import { createRetry, mostTries, type Pauses } from './retry.ts';

export interface DynamoStateStoreOptions {
  /** With no retries of its own: `createDynamoClient`. */
  readonly client: DynamoDBClient;
  /** DynamoDB's name of a group version's table. */
  tableName(table: string): string;
  readonly progressTable: string;
  /** How long after its last write (ms) a row of this table may be dropped; null: never. Runs never expire. */
  ttlOf?(table: string): number | null;
  /**
   * False for those who only serve: rows and runs are then read at half the price, and may be a moment old. Not for the
   * transform, which prunes a row's marks by a progress that it reads after the row.
   */
  readonly consistentReads?: boolean;
  /** Called for each request that DynamoDB answered with what it took. */
  onConsumed?(use: ConsumedUnits): void;
  /** When rows expire is counted from; the wall. */
  readonly clock?: Clock;
  readonly pauses?: Pauses;
}

/**
 * The state store on DynamoDB: a table for each group version (tables.ts), and one for progress and notes.
 *
 * What DynamoDB turns away for lack of capacity is tried again after a pause, and fewer requests are sent at once from
 * then on; when that does not help, a row's outcome is `throttled`, and other methods throw StoreError. A row whose
 * write got no answer is `failed` and not tried again: whoever wants it written has to read it first. All that may
 * be repeated safely is. Throws StoreError where a table is missing or may not be used.
 */
export function createDynamoStateStore(options: DynamoStateStoreOptions): StateStore {
  const { client, tableName, ttlOf = () => null, consistentReads = true, clock = systemClock } = options;
  const retry = createRetry(options.pauses ?? { sleep: ms => sleepFor(ms), random: Math.random });
  const connection: Connection = { client, retry, limitOf: createLimits(), report: options.onConsumed };
  const { limitOf, report } = connection;

  async function put(table: string, write: RowWrite, expires: number | null): Promise<WriteOutcome> {
    const item = rowItem(write, expires);
    const command = new PutItemCommand({
      TableName: table,
      Item: item,
      ...conditionOn(write.expected),
      ReturnConsumedCapacity: 'TOTAL',
    });
    const attempt = async (press: () => void): Promise<WriteOutcome> => {
      try {
        reportConsumed(report, 'PutItem', (await client.send(command)).ConsumedCapacity);
        return 'written';
      } catch (error) {
        switch (failureOf(error)) {
          case 'conflict':
            // What a failed condition takes is not answered: about as much as the write would have.
            report?.({ operation: 'PutItem', table, units: writeUnits(item) });
            return 'conflict';
          case 'throttled':
            press();
            return 'throttled';
          case 'unavailable':
            press();
            return 'failed';
          case 'refused':
            if (isTooLarge(error)) return 'failed';
            throw storeErrorOf(error, `write to table ${table}`);
        }
      }
    };
    for (let tries = 1; ; tries++) {
      const outcome = await limitOf('write', table).run(attempt);
      // What was throttled had no effect: the same write may be tried again.
      if (outcome !== 'throttled' || tries === mostTries) return outcome;
      await retry.pause(tries);
    }
  }

  return {
    ...createProgress(connection, options.progressTable),

    async read(table, keys) {
      const itemKeys = keys.map(rowKey);
      const found = await getItems(connection, tableName(table), itemKeys, consistentReads);
      return itemKeys.map(key => {
        const item = found.get(key);
        return item === undefined ? null : rowOf(item);
      });
    },

    async write(table, writes) {
      const ttl = ttlOf(table);
      const expires = ttl === null ? null : clock.now() + ttl;
      const puts = await Promise.allSettled(writes.map(write => put(tableName(table), write, expires)));
      return puts.map(result => {
        if (result.status === 'rejected') throw result.reason;
        return result.value;
      });
    },

    writeRuns: (table, runs) =>
      writeItems(
        connection,
        tableName(table),
        runs.map(({ id, bytes }) => ({ PutRequest: { Item: runItem(id, bytes) } })),
      ),

    async readRuns(table, ids) {
      const itemKeys = ids.map(runKey);
      const found = await getItems(connection, tableName(table), itemKeys, consistentReads);
      return itemKeys.map(key => found.get(key)?.b?.B ?? null);
    },

    deleteRuns: (table, ids) =>
      writeItems(
        connection,
        tableName(table),
        [...new Set(ids)].map(id => ({ DeleteRequest: { Key: { k: { S: runKey(id) } } } })),
      ),

    async *scan(table) {
      const name = tableName(table);
      let page: Pick<ScanCommandOutput, 'LastEvaluatedKey'> = {};
      do {
        const answer = await retry.one(`scan of table ${name}`, () =>
          client.send(
            new ScanCommand({
              TableName: name,
              ProjectionExpression: 'k',
              FilterExpression: 'begins_with(k, :rows)',
              ExpressionAttributeValues: { ':rows': { S: rowPrefix } },
              ExclusiveStartKey: page.LastEvaluatedKey,
              ConsistentRead: consistentReads,
              ReturnConsumedCapacity: 'TOTAL',
            }),
          ),
        );
        reportConsumed(report, 'Scan', answer.ConsumedCapacity);
        for (const item of answer.Items ?? []) yield (item.k?.S ?? '').slice(rowPrefix.length);
        page = answer;
      } while (page.LastEvaluatedKey !== undefined);
    },
  };
}

function createLimits(): Connection['limitOf'] {
  const limits = new Map<string, AdaptiveLimit>();
  return (direction, table) => {
    const name = `${direction} ${table}`;
    const known = limits.get(name) ?? createAdaptiveLimit(bounds[direction]);
    limits.set(name, known);
    return known;
  };
}

/** A request reads a hundred rows, or writes one. */
const bounds = {
  read: { start: 8, least: 1, most: 32 },
  write: { start: 32, least: 1, most: 128 },
} as const satisfies Record<string, LimitBounds>;
