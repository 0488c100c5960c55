import { CfnOutput, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { DeploymentContext } from '../context.ts';
import { type Buckets, createBuckets } from './buckets.ts';
import { type CacheServer, createCache } from './cache.ts';
import { type Catalog, createCatalog } from './catalog.ts';
import { createFeatureTables, type FeatureTables } from './feature-tables.ts';
import { createKey } from './key.ts';
import { createNetwork, type Network } from './network.ts';
import { createStreams, type DeployedStream } from './streams.ts';

/** What the other stacks read and write. */
export interface StoredData {
  readonly key: IKey;
  /** By the stream's name in the definitions. */
  readonly streams: ReadonlyMap<string, DeployedStream>;
  readonly tables: FeatureTables;
  readonly buckets: Buckets;
  readonly catalog: Catalog;
  readonly network: Network | null;
  readonly cache: CacheServer | null;
}

/** All that cannot be made again, and stays when the rest is replaced. */
export function fillDataStack(stack: Stack, context: DeploymentContext): StoredData {
  const removal =
    context.environment.data.whenRemoved === 'delete' ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
  const key = createKey(stack, context, removal);
  const buckets = createBuckets(stack, context, key, removal);
  const network = createNetwork(stack, context);
  const tables = createFeatureTables(stack, context, key, removal);
  new CfnOutput(stack, 'ControlTable', {
    value: tables.control.tableName,
    description: 'Which Plan is active: millrace plan --env reads it',
  });
  return {
    key,
    streams: createStreams(stack, context, key, removal),
    tables,
    buckets,
    catalog: createCatalog(stack, context, buckets.lake),
    network,
    cache: createCache(stack, context, key, network),
  };
}
