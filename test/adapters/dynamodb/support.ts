import { randomUUID } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createDynamoActivePlan } from '../../../lib/adapters/dynamodb/active-plan.ts';
import { createDynamoClient } from '../../../lib/adapters/dynamodb/client.ts';
import { makeTable } from '../../../lib/adapters/dynamodb/make-tables.ts';
import {
  createDynamoStateStore,
  type DynamoStateStoreOptions,
} from '../../../lib/adapters/dynamodb/state-store.ts';
import { controlTable, progressTable, rowTable } from '../../../lib/adapters/dynamodb/tables.ts';
import type { ActivePlan, StateStore } from '../../../lib/runtime/ports.ts';
import type { Subject } from '../../conformance/harness.ts';

export const testClient = (url: string, requestMs = 20_000): DynamoDBClient =>
  createDynamoClient(
    {
      endpoint: url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    },
    { connectMs: requestMs, requestMs },
  );

/** What tests wait in place of a store's pauses: nothing. */
export const noPauses = { sleep: async () => {}, random: () => 0.5 };

/** A store with tables of its own, under a name that no other has. */
export interface TestTables {
  readonly names: Pick<DynamoStateStoreOptions, 'tableName' | 'progressTable'>;
  make(...tables: readonly string[]): Promise<void>;
}

export async function makeTables(client: DynamoDBClient, ...tables: readonly string[]): Promise<TestTables> {
  const prefix = randomUUID();
  const names = {
    tableName: (table: string) => `${prefix}.${table.replace(/[^a-z0-9_]/g, '-')}`,
    progressTable: `${prefix}-progress`,
  };
  const make: TestTables['make'] = async (...wanted) => {
    for (const table of wanted) await makeTable(client, names.tableName(table), rowTable);
  };
  await makeTable(client, names.progressTable, progressTable);
  await make(...tables);
  return { names, make };
}

/** For the conformance suite, which uses tables that infrastructure would have made. */
export async function dynamoSubject(url: string): Promise<Subject<StateStore>> {
  const client = testClient(url);
  const { names, make } = await makeTables(client);
  const made = new Map<string, Promise<void>>();
  const ready = (table: string): Promise<void> => {
    const known = made.get(table) ?? make(table);
    made.set(table, known);
    return known;
  };
  const open = (): StateStore => {
    const store = createDynamoStateStore({ client, ...names });
    return {
      ...store,
      read: (table, keys) => ready(table).then(() => store.read(table, keys)),
      write: (table, writes) => ready(table).then(() => store.write(table, writes)),
      writeRuns: (table, runs) => ready(table).then(() => store.writeRuns(table, runs)),
      readRuns: (table, ids) => ready(table).then(() => store.readRuns(table, ids)),
      deleteRuns: (table, ids) => ready(table).then(() => store.deleteRuns(table, ids)),
      async *scan(table) {
        await ready(table);
        yield* store.scan(table);
      },
    };
  };
  return { adapter: open(), reopen: async () => open(), dispose: async () => client.destroy() };
}

export async function activePlanSubject(url: string): Promise<Subject<ActivePlan>> {
  const client = testClient(url);
  const table = `${randomUUID()}-control`;
  await makeTable(client, table, controlTable);
  const open = () => createDynamoActivePlan({ client, table });
  return { adapter: open(), reopen: async () => open(), dispose: async () => client.destroy() };
}
