import { CfnOutput, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { deploymentOutputs } from '../../adapters/aws/deployment.ts';
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
  const removal = context.deletesData ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
  const key = createKey(stack, context, removal);
  const buckets = createBuckets(stack, context, key, removal);
  const network = createNetwork(stack, context);
  const stored = {
    key,
    streams: createStreams(stack, context, key, removal),
    tables: createFeatureTables(stack, context, key, removal),
    buckets,
    catalog: createCatalog(stack, context, buckets.lake.bucket, removal),
    network,
    cache: createCache(stack, context, key, network),
  };
  sayWhere(stack, stored);
  return stored;
}

/** For tools outside, the command line among them. */
function sayWhere(stack: Stack, { streams, tables, buckets }: StoredData): void {
  const byStream = (value: (stream: DeployedStream) => string): string =>
    stack.toJsonString(Object.fromEntries([...streams].map(([name, stream]) => [name, value(stream)])));
  new CfnOutput(stack, deploymentOutputs.streams, { value: byStream(({ stream }) => stream.streamName) });
  new CfnOutput(stack, deploymentOutputs.incarnations, {
    value: byStream(({ incarnation }) => incarnation),
  });
  new CfnOutput(stack, deploymentOutputs.bucket, { value: buckets.setAside.bucket.bucketName });
  new CfnOutput(stack, deploymentOutputs.controlTable, { value: tables.control.tableName });
  new CfnOutput(stack, deploymentOutputs.progressTable, { value: tables.progress.tableName });
  new CfnOutput(stack, deploymentOutputs.leaseTable, { value: tables.leases.tableName });
}
