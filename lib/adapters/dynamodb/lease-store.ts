import { setTimeout as sleepFor } from 'node:timers/promises';
import {
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { type Lease, type LeaseStore, noLease } from '../../runtime/worker/ports.ts';
import { failureOf } from './failures.ts';
import type { Item } from './items.ts';
import { createRetry, type Pauses } from './retry.ts';

export interface DynamoLeaseStoreOptions {
  /** With no retries of its own: `createDynamoClient`. */
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly pauses?: Pauses;
}

/** Leases in a table of their own (tables.ts). */
export function createDynamoLeaseStore({ client, table, pauses }: DynamoLeaseStoreOptions): LeaseStore {
  const retry = createRetry(pauses ?? { sleep: ms => sleepFor(ms), random: Math.random });

  return {
    async list(life) {
      const leases: Lease[] = [];
      let page: Pick<QueryCommandOutput, 'LastEvaluatedKey'> = {};
      do {
        const answer = await retry.one(`read of leases, table ${table}`, () =>
          client.send(
            new QueryCommand({
              TableName: table,
              ConsistentRead: true,
              KeyConditionExpression: 'life = :life',
              ExpressionAttributeValues: { ':life': { S: life } },
              ExclusiveStartKey: page.LastEvaluatedKey,
            }),
          ),
        );
        leases.push(...(answer.Items ?? []).map(leaseOf));
        page = answer;
      } while (page.LastEvaluatedKey !== undefined);
      return leases;
    },

    write: (life, lease) =>
      retry.one(`write of a lease, table ${table}`, async () => {
        try {
          await client.send(
            new PutItemCommand({
              TableName: table,
              Item: itemOf(life, lease),
              ExpressionAttributeNames: { '#counter': 'counter' },
              ...(lease.counter === 1
                ? { ConditionExpression: 'attribute_not_exists(#counter)' }
                : {
                    ConditionExpression: '#counter = :before',
                    ExpressionAttributeValues: { ':before': { N: String(lease.counter - 1) } },
                  }),
            }),
          );
          return lease;
        } catch (error) {
          if (failureOf(error) !== 'conflict') throw error;
          // What is in the way may be this very lease: the answer to an earlier try can have been lost.
          const Key = { life: { S: life }, shard: { S: lease.shard } };
          const { Item } = await client.send(
            new GetItemCommand({ TableName: table, Key, ConsistentRead: true }),
          );
          return Item === undefined ? noLease(lease.shard) : leaseOf(Item);
        }
      }),
  };
}

function itemOf(life: string, { shard, owner, heir, counter, checkpoint, isDrained }: Lease): Item {
  return {
    life: { S: life },
    shard: { S: shard },
    counter: { N: String(counter) },
    ...(owner === null ? {} : { owner: { S: owner } }),
    ...(heir === null ? {} : { heir: { S: heir } }),
    ...(checkpoint === null ? {} : { checkpoint: { S: checkpoint } }),
    ...(isDrained ? { drained: { BOOL: true } } : {}),
  };
}

const leaseOf = ({ shard, counter, owner, heir, checkpoint, drained }: Item): Lease => ({
  shard: shard?.S ?? '',
  owner: owner?.S ?? null,
  heir: heir?.S ?? null,
  counter: Number(counter?.N),
  checkpoint: checkpoint?.S ?? null,
  isDrained: drained?.BOOL === true,
});
