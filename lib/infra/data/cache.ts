import { createHash } from 'node:crypto';
import { Names } from 'aws-cdk-lib';
import { Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { CfnReplicationGroup, CfnServerlessCache, CfnSubnetGroup } from 'aws-cdk-lib/aws-elasticache';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import type { DeploymentContext } from '../context.ts';
import type { Environment } from '../environment/index.ts';
import type { Network } from './network.ts';

export interface CacheServer {
  /** `rediss://…` */
  readonly url: string;
}

const port = 6379;

const onlyFunctions =
  'The security group lets the functions in and nobody else, over TLS; what is kept are copies of rows.';

/** Valkey, over TLS, reachable from the functions' security group alone. Null where the environment has none. */
export function createCache(
  scope: Construct,
  { environment }: DeploymentContext,
  key: IKey,
  network: Network | null,
): CacheServer | null {
  const { cache: settings, name } = environment;
  // Settings with a cache have a network.
  if (settings.kind === 'none' || network === null) return null;
  const { vpc, subnets, functions } = network;
  const group = new SecurityGroup(scope, 'CacheAccess', {
    vpc,
    description: 'The cache of Millrace',
    allowAllOutbound: false,
  });
  group.addIngressRule(functions, Port.tcp(port), 'functions');
  functions.addEgressRule(group, Port.tcp(port), 'the cache');
  const subnetIds = subnets.map(({ subnetId }) => subnetId);

  if (settings.kind === 'serverless') {
    const cache = new CfnServerlessCache(scope, 'Cache', {
      engine: 'valkey',
      serverlessCacheName: nameOf(scope, environment),
      cacheUsageLimits: {
        dataStorage: { maximum: settings.mostGigabytes, unit: 'GB' },
        ecpuPerSecond: { maximum: settings.mostUnitsPerSecond },
      },
      kmsKeyId: key.keyArn,
      securityGroupIds: [group.securityGroupId],
      subnetIds,
    });
    // It speaks the cluster's protocol, and has one node.
    return { url: `rediss://${cache.attrEndpointAddress}:${port}?cluster=true` };
  }
  const cache = new CfnReplicationGroup(scope, 'Cache', {
    engine: 'valkey',
    replicationGroupDescription: `Rows of Millrace ${name}`,
    cacheNodeType: settings.nodeType,
    numCacheClusters: 1 + settings.replicas,
    automaticFailoverEnabled: true,
    multiAzEnabled: true,
    atRestEncryptionEnabled: true,
    transitEncryptionEnabled: true,
    kmsKeyId: key.keyId,
    port,
    securityGroupIds: [group.securityGroupId],
    cacheSubnetGroupName: new CfnSubnetGroup(scope, 'CacheSubnets', {
      description: `Cache of Millrace ${name}`,
      subnetIds,
    }).ref,
  });
  acknowledge(cache, 'AwsSolutions-AEC6', onlyFunctions);
  acknowledge(cache, 'CKV_AWS_31', onlyFunctions);
  return { url: `rediss://${cache.attrPrimaryEndPointAddress}:${port}` };
}

/**
 * A serverless cache has to have a name. It is another when what cannot be changed of a cache changes (its key, its subnets),
 * so that the new one can be made before the old one goes.
 */
function nameOf(scope: Construct, { name, key, network }: Environment): string {
  const place = Names.uniqueResourceName(scope, { maxLength: 31, separator: '-' }).toLowerCase();
  const settings = createHash('sha256')
    .update(JSON.stringify([name, key, network]))
    .digest('hex');
  return `${place}-${settings.slice(0, 8)}`;
}
