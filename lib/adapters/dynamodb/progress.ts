import {
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { StoreError } from '../../runtime/errors.ts';
import type { ShardPosition, ShardProgress, StateStore } from '../../runtime/ports.ts';
import type { Connection } from './connection.ts';
import { reportConsumed } from './consumed.ts';
import { failureOf } from './failures.ts';
import type { Item } from './items.ts';

type Progress = Pick<StateStore, 'readProgress' | 'advanceProgress' | 'readNote' | 'writeNote'>;

/** The shards' progress and the notes, in a table of their own (tables.ts). */
export function createProgress({ client, retry, report }: Connection, table: string): Progress {
  return {
    async readProgress(life) {
      const progress = new Map<string, ShardProgress>();
      let page: Pick<QueryCommandOutput, 'LastEvaluatedKey'> = {};
      do {
        const answer = await retry.one(`read of progress, table ${table}`, () =>
          client.send(
            new QueryCommand({
              TableName: table,
              ConsistentRead: true,
              KeyConditionExpression: 'life = :life AND begins_with(entry, :kind)',
              ExpressionAttributeValues: { ':life': { S: life }, ':kind': { S: progressEntry('') } },
              ExclusiveStartKey: page.LastEvaluatedKey,
              ReturnConsumedCapacity: 'TOTAL',
            }),
          ),
        );
        reportConsumed(report, 'Query', answer.ConsumedCapacity);
        for (const item of answer.Items ?? []) {
          progress.set((item.entry?.S ?? '').slice(progressEntry('').length), progressOf(item, table));
        }
        page = answer;
      } while (page.LastEvaluatedKey !== undefined);
      return progress;
    },

    async advanceProgress(life, shard, { sequence, index, code }) {
      const at = { S: orderedText({ sequence, index }) };
      const item: Item = { life: { S: life }, entry: { S: progressEntry(shard) }, at };
      if (typeof sequence === 'bigint') item.big = { BOOL: true };
      if (code !== undefined) item.code = { S: code };
      await retry.one(`move of progress, table ${table}`, async () => {
        try {
          const answer = await client.send(
            new PutItemCommand({
              TableName: table,
              Item: item,
              ConditionExpression: 'attribute_not_exists(#at) OR #at < :at',
              ExpressionAttributeNames: { '#at': 'at' },
              ExpressionAttributeValues: { ':at': at },
              ReturnConsumedCapacity: 'TOTAL',
            }),
          );
          reportConsumed(report, 'PutItem', answer.ConsumedCapacity);
        } catch (error) {
          // It is there already, or further: by this request too, where an answer to it was lost.
          if (failureOf(error) !== 'conflict') throw error;
          report?.({ operation: 'PutItem', table, units: 1 });
        }
      });
    },

    async readNote(life, name) {
      const answer = await retry.one(`read of a note, table ${table}`, () =>
        client.send(
          new GetItemCommand({
            TableName: table,
            Key: { life: { S: life }, entry: { S: noteEntry(name) } },
            ConsistentRead: true,
            ReturnConsumedCapacity: 'TOTAL',
          }),
        ),
      );
      reportConsumed(report, 'GetItem', answer.ConsumedCapacity);
      return answer.Item?.note?.S ?? null;
    },

    async writeNote(life, name, text) {
      const answer = await retry.one(`write of a note, table ${table}`, () =>
        client.send(
          new PutItemCommand({
            TableName: table,
            Item: { life: { S: life }, entry: { S: noteEntry(name) }, note: { S: text } },
            ReturnConsumedCapacity: 'TOTAL',
          }),
        ),
      );
      reportConsumed(report, 'PutItem', answer.ConsumedCapacity);
    },
  };
}

const progressEntry = (shard: string): string => `p${shard}`;
const noteEntry = (name: string): string => `n${name}`;

/**
 * A position as text whose order is the positions': sequence numbers of Kinesis have up to 129 digits, and a DynamoDB
 * number holds 38. Each number follows the count of its digits: `002:17/001:0`.
 */
const orderedText = ({ sequence, index }: ShardPosition): string =>
  `${orderedNumber(sequence)}/${orderedNumber(index)}`;

function orderedNumber(value: number | bigint): string {
  const digits = String(value);
  return `${String(digits.length).padStart(3, '0')}:${digits}`;
}

function progressOf({ life, entry, at, big, code }: Item, table: string): ShardProgress {
  const match = /^\d{3}:(\d+)\/\d{3}:(\d+)$/.exec(at?.S ?? '');
  if (match === null) {
    throw new StoreError(
      'corrupt',
      `DynamoDB, table ${table}, life ${life?.S}, entry ${entry?.S}: ${JSON.stringify(at)} is no position. Restore the item.`,
    );
  }
  const [, digits = '', index] = match;
  const position = { sequence: big?.BOOL === true ? BigInt(digits) : Number(digits), index: Number(index) };
  return code?.S === undefined ? position : { ...position, code: code.S };
}
