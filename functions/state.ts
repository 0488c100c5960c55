import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createDynamoActivePlan } from '../lib/adapters/dynamodb/active-plan.ts';
import { createDynamoClient } from '../lib/adapters/dynamodb/client.ts';
import type { ConsumedUnits } from '../lib/adapters/dynamodb/consumed.ts';
import {
  createDynamoStateStore,
  type DynamoStateStoreOptions,
} from '../lib/adapters/dynamodb/state-store.ts';
import { metricNames } from '../lib/runtime/metric-names.ts';
import type { ActivePlan, StateStore, WriteOutcome } from '../lib/runtime/ports.ts';
import type { Tally } from './counter.ts';
import { type Environment, required } from './environment.ts';

/** Where a function finds what is stored; tests give others. */
export interface State {
  readonly activePlan: ActivePlan;
  storeOf(tables: Pick<DynamoStateStoreOptions, 'tableName' | 'ttlOf'>): StateStore;
}

/**
 * DynamoDB. Environment: `MILLRACE_CONTROL_TABLE`; `MILLRACE_PROGRESS_TABLE`, for who writes rows: who only serves has none,
 * and reads rows at half the price. Throws EnvironmentError.
 */
export function openState(environment: Environment, use: 'write' | 'serve', tally: Tally): State {
  const client: DynamoDBClient = createDynamoClient();
  const onConsumed = ({ operation, units }: ConsumedUnits): void =>
    tally.add(writes.has(operation) ? metricNames.writeUnits : metricNames.readUnits, units);
  const table = required(environment, 'MILLRACE_CONTROL_TABLE');
  const progressTable = use === 'serve' ? '' : required(environment, 'MILLRACE_PROGRESS_TABLE');
  const consistentReads = use === 'write';
  return {
    activePlan: createDynamoActivePlan({ client, table, onConsumed }),
    storeOf: tables =>
      createDynamoStateStore({ client, progressTable, consistentReads, onConsumed, ...tables }),
  };
}

const writes: ReadonlySet<ConsumedUnits['operation']> = new Set(['PutItem', 'BatchWriteItem']);

/** A state store that counts what becomes of its rows' writes. */
export function countingWrites(store: StateStore, tally: Tally): StateStore {
  return {
    ...store,
    async write(table, rows) {
      const outcomes = await store.write(table, rows);
      for (const outcome of outcomes) tally.add(outcomeNames[outcome], 1);
      return outcomes;
    },
  };
}

const outcomeNames = {
  written: metricNames.rowsWritten,
  conflict: metricNames.rowConflicts,
  throttled: metricNames.rowsThrottled,
  failed: metricNames.rowsFailed,
} as const satisfies Record<WriteOutcome, string>;
