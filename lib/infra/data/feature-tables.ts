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
import {
  controlTable,
  leaseTable,
  progressTable,
  rowTable,
  type TableDefinition,
} from '../../adapters/dynamodb/tables.ts';
import { tablesOf } from '../../runtime/plan-tables.ts';
import { acknowledge } from '../acknowledge.ts';
import type { DeploymentContext } from '../context.ts';

export interface FeatureTables {
  /** Those of rows, by the Plan's name: `user_engagement@1`. */
  readonly rows: ReadonlyMap<string, ITableV2>;
  /** Those of group versions that the Plan before has, and this one has not. */
  readonly retired: readonly ITableV2[];
  /** How far shards are, and notes. */
  readonly progress: ITableV2;
  /** Which Plan is active. */
  readonly control: ITableV2;
  /** Which worker processes which shard, where workers are used. */
  readonly leases: ITableV2;
}

/** A table for each group version, for the ids of each stream that has no group on its key, and three small ones. */
export function createFeatureTables(
  scope: Construct,
  { environment, plan, deletesData }: DeploymentContext,
  key: IKey,
  removalPolicy: RemovalPolicy,
): FeatureTables {
  const { data, tables: settings } = environment;
  const { pointInTimeRecovery } = settings;
  const parent = new Construct(scope, 'Tables');

  const create = (id: string, definition: TableDefinition): ITableV2 => {
    const warm = settings.warmThroughput[id];
    const table = new TableV2(parent, id, {
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
    if (pointInTimeRecovery === 'off')
      acknowledge(
        table,
        'CKV_AWS_165',
        'The setting `tables.pointInTimeRecovery` of this environment says so.',
      );
    return table;
  };

  return {
    rows: new Map(tablesOf(plan).map(({ table }) => [table, create(table, rowTable)])),
    retired: settings.retired.map(table => create(table, rowTable)),
    progress: create('progress', progressTable),
    control: create('control', controlTable),
    leases: create('leases', leaseTable),
  };
}

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
