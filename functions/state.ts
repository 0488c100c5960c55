import { createDynamoClient } from '../lib/adapters/dynamodb/client.ts';
import type { ConsumedUnits } from '../lib/adapters/dynamodb/consumed.ts';
import { createDynamoStateStore } from '../lib/adapters/dynamodb/state-store.ts';
import { metricNames } from '../lib/runtime/metric-names.ts';
import type { StateStore } from '../lib/runtime/ports.ts';
import { type Environment, EnvironmentError, required, requiredMap } from './environment.ts';

export interface StateOptions {
  /** False for those who only serve. */
  readonly consistentReads: boolean;
  readonly onConsumed?: (use: ConsumedUnits) => void;
}

/**
 * The state store of a function. Environment: `MILLRACE_TABLES`, a JSON object of the group versions with the names of
 * their tables (`{"plays@1":"prod-plays-5F2K"}`); `MILLRACE_PROGRESS_TABLE`. Throws EnvironmentError.
 */
export function openState(environment: Environment, options: StateOptions): StateStore {
  const tables = requiredMap(environment, 'MILLRACE_TABLES');
  return createDynamoStateStore({
    client: createDynamoClient(),
    tableName(table) {
      const name = tables.get(table);
      if (name === undefined) throw new EnvironmentError(`MILLRACE_TABLES has no table for ${table}`);
      return name;
    },
    progressTable: required(environment, 'MILLRACE_PROGRESS_TABLE'),
    ...options,
  });
}

/** Adds up what DynamoDB says that it took, until it is asked. */
export function createUnitCounter() {
  let read = 0;
  let write = 0;
  return {
    add({ operation, units }: ConsumedUnits): void {
      if (writes.has(operation)) write += units;
      else read += units;
    },
    /** Since the last time, under the names of metrics. */
    take(): Readonly<Record<string, number>> {
      const taken = { [metricNames.readUnits]: read, [metricNames.writeUnits]: write };
      read = 0;
      write = 0;
      return taken;
    },
  };
}

const writes: ReadonlySet<ConsumedUnits['operation']> = new Set(['PutItem', 'BatchWriteItem']);
