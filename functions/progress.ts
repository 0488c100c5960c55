import { createDynamoClient } from '../lib/adapters/dynamodb/client.ts';
import { createDynamoStateStore } from '../lib/adapters/dynamodb/state-store.ts';
import type { StateStore } from '../lib/runtime/ports.ts';

/** The progress of streams, for who only looks. `table` is DynamoDB's name of the progress table. */
export const openProgress = (table: string): Pick<StateStore, 'readProgress'> =>
  createDynamoStateStore({
    client: createDynamoClient({}, { connectMs: 500, requestMs: 1_000 }),
    tableName: name => name,
    progressTable: table,
  });
