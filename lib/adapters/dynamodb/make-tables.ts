import {
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceInUseException,
  ResourceNotFoundException,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { storeErrorOf } from './failures.ts';
import type { TableDefinition } from './tables.ts';

/** Those of the tables that are not there. Rejects with a StoreError. */
export async function missingTables(client: DynamoDBClient, names: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    names.map(async TableName => {
      try {
        await client.send(new DescribeTableCommand({ TableName }));
        return true;
      } catch (error) {
        if (error instanceof ResourceNotFoundException) return false;
        throw storeErrorOf(error, `look for table ${TableName}`);
      }
    }),
  );
  return names.filter((_, i) => !found[i]);
}

/** Makes a table, paid by the request; resolves when it can be used. Rejects with a StoreError. */
export async function makeTable(
  client: DynamoDBClient,
  name: string,
  { KeySchema, AttributeDefinitions, ttlAttribute }: TableDefinition,
): Promise<void> {
  try {
    await client.send(
      new CreateTableCommand({
        TableName: name,
        KeySchema,
        AttributeDefinitions,
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
  } catch (error) {
    // Another worker may make it at the same time.
    if (!(error instanceof ResourceInUseException)) throw storeErrorOf(error, `make table ${name}`);
  }
  try {
    // A table takes seconds on DynamoDB, and no time where something stands in for it: pauses double from the least on.
    await waitUntilTableExists(
      { client, maxWaitTime: 120, minDelay: 0.02, maxDelay: 2 },
      { TableName: name },
    );
  } catch (error) {
    throw storeErrorOf(error, `wait for table ${name}`);
  }
  if (ttlAttribute === null) return;
  try {
    const TimeToLiveSpecification = { AttributeName: ttlAttribute, Enabled: true };
    await client.send(new UpdateTimeToLiveCommand({ TableName: name, TimeToLiveSpecification }));
  } catch (error) {
    // Not all that stands in for DynamoDB knows it, and another worker may have done it.
    if (!settled.test((error as Error).message) && (error as Error).name !== 'UnknownOperationException')
      throw storeErrorOf(error, `expiry of table ${name}`);
  }
}

const settled = /already enabled|multiple times/i;
