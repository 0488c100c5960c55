import { createDynamoClient } from '../lib/adapters/dynamodb/client.ts';
import type { ConsumedUnits } from '../lib/adapters/dynamodb/consumed.ts';
import { createDynamoStateStore } from '../lib/adapters/dynamodb/state-store.ts';
import { metricNames } from '../lib/runtime/metric-names.ts';
import type { StateStore } from '../lib/runtime/ports.ts';
import { type Environment, required } from './environment.ts';

/** DynamoDB's name of a group version's table: it allows no `@`. */
export const tableNameOf = (prefix: string, table: string): string => prefix + table.replace('@', '.');

export interface StateOptions {
  /** False for those who only serve. */
  readonly consistentReads: boolean;
  readonly onConsumed?: (use: ConsumedUnits) => void;
}

/**
 * The state store of a function. Environment: `MILLRACE_TABLE_PREFIX`, which all tables of rows begin with;
 * `MILLRACE_PROGRESS_TABLE`. Throws EnvironmentError.
 */
export function openState(environment: Environment, options: StateOptions): StateStore {
  const prefix = required(environment, 'MILLRACE_TABLE_PREFIX');
  return createDynamoStateStore({
    client: createDynamoClient(),
    tableName: table => tableNameOf(prefix, table),
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
