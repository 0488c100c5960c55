import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { systemClock } from '../../adapters/clock.ts';
import { createDynamoActivePlan } from '../../adapters/dynamodb/active-plan.ts';
import { createDynamoStateStore } from '../../adapters/dynamodb/state-store.ts';
import { dynamoRowLimits } from '../../adapters/dynamodb/tables.ts';
import { connectRedis } from '../../adapters/redis/client.ts';
import { createRedisStateStore } from '../../adapters/redis/state-store.ts';
import { parseRedisUrl } from '../../adapters/redis/url.ts';
import type { Plan } from '../../kernel/plan.ts';
import type { CompiledDefinitions } from '../../local/index.ts';
import { followPlan } from '../../runtime/follow-plan.ts';
import { timesToLive } from '../../runtime/plan-tables.ts';
import type { StateStore } from '../../runtime/ports.ts';
import { localRowLimits, type RowLimits } from '../../runtime/rows.ts';
import type { Transform } from '../../runtime/transform-result.ts';
import type { RowPlace } from './place.ts';

/** What the transform of a Plan works on. */
export interface TransformParts {
  readonly plan: Plan;
  readonly store: StateStore;
  readonly limits: RowLimits;
}

export interface OpenRows {
  /** Has progress and notes. */
  readonly store: Pick<StateStore, 'readProgress' | 'readNote' | 'writeNote'>;
  readonly transform: Transform;
  close(): Promise<void>;
}

export interface RowsOptions {
  readonly definitions: CompiledDefinitions;
  readonly dynamo: DynamoDBClient;
  /** For how long the stream keeps records; rows that remember ids outlive it. */
  readonly retentionMs: number;
  makeTransform(parts: TransformParts): Transform;
}

/** DynamoDB's name of a Plan's table: it allows neither `@` nor `#`. */
export const tableNameOf = (prefix: string, table: string): string => prefix + table.replace(/[@#]/g, '.');

/** Connects to where rows are kept. */
export async function openRows(
  place: RowPlace,
  { definitions, dynamo, retentionMs, makeTransform }: RowsOptions,
): Promise<OpenRows> {
  const { plan: own } = definitions;
  switch (place.kind) {
    case 'redis': {
      const client = await connectRedis(parseRedisUrl(place.url));
      const store = createRedisStateStore({
        client,
        ...(place.prefix === '' ? {} : { prefix: place.prefix }),
      });
      const transform = makeTransform({ plan: own, store, limits: localRowLimits });
      return { store, transform, close: () => client.close() };
    }
    case 'tables': {
      const store = createDynamoStateStore({
        client: dynamo,
        tableName: table => tableNameOf(place.prefix, table),
        progressTable: place.progressTable,
        ttlOf: timesToLive(own, retentionMs),
      });
      const transform = makeTransform({ plan: own, store, limits: dynamoRowLimits });
      return { store, transform, close: async () => {} };
    }
    case 'deployed': {
      const storeOf = (plan: Plan, tableName: (table: string) => string): StateStore =>
        createDynamoStateStore({
          client: dynamo,
          tableName,
          progressTable: place.progressTable,
          ttlOf: timesToLive(plan, retentionMs),
        });
      const active = followPlan({
        activePlan: createDynamoActivePlan({ client: dynamo, table: place.controlTable }),
        own,
        clock: systemClock,
        make: (plan, tableName) =>
          makeTransform({ plan, store: storeOf(plan, tableName), limits: dynamoRowLimits }),
      });
      return {
        store: storeOf(own, table => table),
        transform: async batch => (await active())(batch),
        close: async () => {},
      };
    }
  }
}
