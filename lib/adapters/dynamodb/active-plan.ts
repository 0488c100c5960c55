import { setTimeout as sleepFor } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { StoreError } from '../../runtime/errors.ts';
import type { Activation, ActivePlan, DeployedPlan } from '../../runtime/ports.ts';
import { type ConsumedUnits, reportConsumed } from './consumed.ts';
import { failureOf } from './failures.ts';
import type { Item } from './items.ts';
import { createRetry, type Pauses } from './retry.ts';
import { longestItem } from './tables.ts';

export interface DynamoActivePlanOptions {
  /** With no retries of its own: `createDynamoClient`. */
  readonly client: DynamoDBClient;
  /** DynamoDB's name of the control table (tables.ts). */
  readonly table: string;
  onConsumed?(use: ConsumedUnits): void;
  readonly pauses?: Pauses;
}

/** The active Plan in a table of its own: the pointer is one item, which costs a read unit to read, and each Plan another. */
export function createDynamoActivePlan(options: DynamoActivePlanOptions): ActivePlan {
  const { client, table, onConsumed } = options;
  const retry = createRetry(options.pauses ?? { sleep: ms => sleepFor(ms), random: Math.random });

  async function get(key: string): Promise<Item | null> {
    const answer = await retry.one(`read of ${key}, table ${table}`, () =>
      client.send(
        new GetItemCommand({
          TableName: table,
          Key: { k: { S: key } },
          ConsistentRead: true,
          ReturnConsumedCapacity: 'TOTAL',
        }),
      ),
    );
    reportConsumed(onConsumed, 'GetItem', answer.ConsumedCapacity);
    return answer.Item ?? null;
  }

  /** False where `expected`, the number of the activation before, is not there. */
  function put(item: Item, expected?: number): Promise<boolean> {
    const condition =
      expected === undefined
        ? {}
        : expected === 0
          ? { ConditionExpression: 'attribute_not_exists(k)' }
          : {
              ConditionExpression: 'n = :n',
              ExpressionAttributeValues: { ':n': { N: String(expected) } },
            };
    return retry.one(`write of ${item.k?.S}, table ${table}`, async () => {
      try {
        const answer = await client.send(
          new PutItemCommand({
            TableName: table,
            Item: item,
            ReturnConsumedCapacity: 'TOTAL',
            ...condition,
          }),
        );
        reportConsumed(onConsumed, 'PutItem', answer.ConsumedCapacity);
        return true;
      } catch (error) {
        if (failureOf(error) !== 'conflict') throw error;
        onConsumed?.({ operation: 'PutItem', table, units: 1 });
        return false;
      }
    });
  }

  const corrupt = (key: string, cause?: unknown): StoreError =>
    new StoreError('corrupt', `DynamoDB, table ${table}, item ${key} makes no sense: deploy again`, {
      cause,
    });

  async function read(): Promise<Activation | null> {
    const item = await get(pointer);
    if (item === null) return null;
    try {
      return activationOf(item);
    } catch (cause) {
      throw corrupt(pointer, cause);
    }
  }

  return {
    read,

    async activate(to) {
      if (await put(pointerItem(to), to.number - 1)) return true;
      // Perhaps by this very call, where an answer to it was lost.
      const now = await read();
      return now?.number === to.number && now.plan === to.plan && now.activatedAt === to.activatedAt;
    },

    async readPlan(hash) {
      const item = await get(planKey(hash));
      if (item === null) return null;
      try {
        const deployed: DeployedPlan = JSON.parse(
          (await gunzipped(item.b?.B ?? new Uint8Array())).toString(),
        );
        if (deployed.plan.hash === hash) return deployed;
      } catch (cause) {
        throw corrupt(planKey(hash), cause);
      }
      throw corrupt(planKey(hash));
    },

    async writePlan(deployed) {
      const key = planKey(deployed.plan.hash);
      const bytes = await gzipped(JSON.stringify(deployed));
      if (bytes.length > longestItem - 1024) {
        throw new StoreError(
          'full',
          `the Plan comes to ${bytes.length} bytes, gzipped, and DynamoDB takes ${longestItem} in an item: ` +
            'divide the definitions among environments',
        );
      }
      await put({ k: { S: key }, b: { B: bytes } });
    },
  };
}

const gzipped = promisify(gzip);
const gunzipped = promisify(gunzip);

const pointer = 'active';
const planKey = (hash: string): string => `plan/${hash}`;

function pointerItem({ plan, number, activatedAt, previous, retired }: Activation): Item {
  return {
    k: { S: pointer },
    plan: { S: plan },
    n: { N: String(number) },
    at: { N: String(activatedAt) },
    retired: { S: JSON.stringify(retired) },
    ...(previous === null ? {} : { previous: { S: previous } }),
  };
}

function activationOf({ plan, n, at, previous, retired }: Item): Activation {
  return {
    plan: plan!.S!,
    number: Number(n!.N),
    activatedAt: Number(at!.N),
    previous: previous?.S ?? null,
    retired: JSON.parse(retired!.S!),
  };
}
