import type { RemovalPolicy } from 'aws-cdk-lib';
import {
  type AttributeType,
  Billing,
  type ITableV2,
  TableEncryptionV2,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { progressTable, rowTable, type TableDefinition } from '../../adapters/dynamodb/tables.ts';
import type { Plan } from '../../kernel/plan.ts';
import { tablesOf } from '../../runtime/plan-tables.ts';
import type { DeploymentContext } from '../context.ts';

/** By the name that the runtime has for a table: `user_engagement@1`. */
export type FeatureTables = ReadonlyMap<string, ITableV2>;

/** A table for each group version, for the ids of each stream that has no group on its key, and one for progress. */
export function createFeatureTables(
  scope: Construct,
  { environment, plan, deletesData }: DeploymentContext,
  key: IKey,
  removalPolicy: RemovalPolicy,
): { readonly tables: FeatureTables; readonly progress: ITableV2 } {
  const { data, tables: settings } = environment;
  const { pointInTimeRecovery } = settings;
  const parent = new Construct(scope, 'Tables');

  const create = (id: string, definition: TableDefinition): ITableV2 => {
    const warm = settings.warmThroughput[id];
    return new TableV2(parent, id, {
      ...keysOf(definition),
      ...(definition.ttlAttribute === null ? {} : { timeToLiveAttribute: definition.ttlAttribute }),
      billing: Billing.onDemand(),
      ...(warm === undefined
        ? {}
        : {
            warmThroughput: {
              writeUnitsPerSecond: warm.writeUnitsPerSecond,
              readUnitsPerSecond: warm.readUnitsPerSecond,
            },
          }),
      encryption: TableEncryptionV2.customerManagedKey(key),
      pointInTimeRecoverySpecification:
        pointInTimeRecovery === 'off'
          ? { pointInTimeRecoveryEnabled: false }
          : { pointInTimeRecoveryEnabled: true, recoveryPeriodInDays: pointInTimeRecovery.days },
      deletionProtection: data.protected && !deletesData,
      removalPolicy,
    }) as ITableV2;
  };

  return {
    tables: new Map(rowTablesOf(plan).map(name => [name, create(name, rowTable)])),
    progress: create('progress', progressTable),
  };
}

/** The runtime's names of all tables of rows. */
const rowTablesOf = (plan: Plan): readonly string[] => tablesOf(plan).map(({ table }) => table);

/** The runtime's names of the tables that a stream's transform reads and writes. */
export const tablesOfStream = (plan: Plan, stream: string): readonly string[] =>
  tablesOf(plan)
    .filter(one => one.stream === stream)
    .map(({ table }) => table);

function keysOf({ KeySchema, AttributeDefinitions }: TableDefinition) {
  const attribute = (keyType: 'HASH' | 'RANGE') => {
    const name = KeySchema.find(key => key.KeyType === keyType)?.AttributeName;
    const type = AttributeDefinitions.find(one => one.AttributeName === name)?.AttributeType;
    return name === undefined || type === undefined ? null : { name, type: type as AttributeType };
  };
  const partitionKey = attribute('HASH')!;
  const sortKey = attribute('RANGE');
  return { partitionKey, ...(sortKey === null ? {} : { sortKey }) };
}
