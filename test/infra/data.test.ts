import type { Stack } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import feed from '../../features/feed/index.ts';
import { tablesOf } from '../../lib/runtime/plan-tables.ts';
import { type Resource, settingsOf, stackNames, synthesise } from './support.ts';
import { oddSettings, prodBut, prodSettings, variablesOf } from './varied.ts';

const prod = synthesise(prodSettings);
const dev = synthesise(settingsOf('dev'));
const odd = prodBut(oddSettings);

describe('a stream', () => {
  test('has its shards, retention and key', () => {
    expect(odd.one('AWS::Kinesis::Stream', 'Data').Properties).toMatchObject({
      ShardCount: 3,
      RetentionPeriodHours: 48,
      StreamModeDetails: { StreamMode: 'PROVISIONED' },
      StreamEncryption: { EncryptionType: 'KMS' },
    });
  });

  test('on demand has no shards', () => {
    const { Properties } = prod.one('AWS::Kinesis::Stream', 'Data');
    expect(Properties).toMatchObject({
      StreamModeDetails: { StreamMode: 'ON_DEMAND' },
      RetentionPeriodHours: 168,
    });
    expect(Properties).not.toHaveProperty('ShardCount');
  });

  test('that exists is used as it is', () => {
    const arn = 'arn:aws:kinesis:eu-central-1:444455556666:stream/events';
    const keyArn = 'arn:aws:kms:eu-central-1:444455556666:key/11111111-2222-3333-4444-555555555555';
    const settings = prodSettings.streams.interactions!;
    const source = { kind: 'existing', arn, keyArn, incarnation: 'events-7' } as const;
    const existing = prodBut({ streams: { interactions: { ...settings, source } } });
    expect(existing.resources('AWS::Kinesis::Stream')).toEqual([]);
    expect(existing.one('AWS::Lambda::EventSourceMapping', 'Processing').Properties.EventSourceArn).toBe(arn);
    expect(variablesOf(existing.one('AWS::Lambda::Function', 'Processing', 'transform'))).toMatchObject({
      MILLRACE_INCARNATION: 'events-7',
    });
    // Workers find it there.
    expect(existing.template('Data').toJSON().Outputs.StreamIncarnations.Value).toBe(
      '{"interactions":"events-7"}',
    );
    expect(variablesOf(existing.one('AWS::Lambda::Function', 'Serving', 'ingest'))).toMatchObject({
      MILLRACE_STREAMS: '{"interactions":"events"}',
      MILLRACE_INCARNATIONS: '{"interactions":"events-7"}',
    });
    for (const stack of ['Processing', 'Serving'] as const)
      expect(JSON.stringify(existing.resources('AWS::IAM::Policy', stack))).toContain(keyArn);
  });
});

describe('tables', () => {
  const tables = odd.resources('AWS::DynamoDB::GlobalTable');

  test('there is one for each table of the Plan, each retired version, progress, leases and the active Plan', () => {
    const ids = [
      ...tablesOf(feed.plan).map(({ table }) => table),
      'user_engagement@0',
      'progress',
      'control',
      'leases',
    ];
    const starts = ids.map(id => `Tables${id.replace(/[^a-z0-9]/gi, '')}`);
    expect(tables.map(({ id }) => starts.find(start => id.startsWith(start))).toSorted()).toEqual(
      starts.toSorted(),
    );
  });

  test('of rows expire, on demand, with recovery and the key', () => {
    const { Properties } = odd.one('AWS::DynamoDB::GlobalTable', 'Data', 'Tablesitempopularity');
    expect(Properties).toMatchObject({
      KeySchema: [{ AttributeName: 'k', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'k', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
      TimeToLiveSpecification: { AttributeName: 'e', Enabled: true },
      WarmThroughput: { WriteUnitsPerSecond: 5_001, ReadUnitsPerSecond: 15_002 },
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
      Replicas: [
        {
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 11 },
          DeletionProtectionEnabled: true,
        },
      ],
    });
  });

  test('of progress, of leases and of the active Plan never expire', () => {
    for (const name of ['Tablesprogress', 'Tablesleases', 'Tablescontrol']) {
      const { Properties } = odd.one('AWS::DynamoDB::GlobalTable', 'Data', name);
      expect(Properties).not.toHaveProperty('TimeToLiveSpecification');
    }
    expect(odd.one('AWS::DynamoDB::GlobalTable', 'Data', 'Tablesprogress').Properties.KeySchema).toEqual([
      { AttributeName: 'life', KeyType: 'HASH' },
      { AttributeName: 'entry', KeyType: 'RANGE' },
    ]);
    expect(odd.one('AWS::DynamoDB::GlobalTable', 'Data', 'Tablesleases').Properties.KeySchema).toEqual([
      { AttributeName: 'life', KeyType: 'HASH' },
      { AttributeName: 'shard', KeyType: 'RANGE' },
    ]);
  });
});

describe('buckets', () => {
  const buckets = odd.resources('AWS::S3::Bucket');

  test('are closed to the public and to plain HTTP, encrypted, and owned', () => {
    expect(buckets).toHaveLength(3);
    for (const { id, Properties } of buckets) {
      expect(Properties).toMatchObject({
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      });
      const algorithm = id.startsWith('AccessLogs') ? 'AES256' : 'aws:kms';
      expect(JSON.stringify(Properties.BucketEncryption)).toContain(`"SSEAlgorithm":"${algorithm}"`);
    }
    const policies = odd
      .resources('AWS::S3::BucketPolicy')
      .map(({ Properties }) => JSON.stringify(Properties));
    expect(policies).toHaveLength(3);
    for (const policy of policies)
      expect(policy).toMatch(/"aws:SecureTransport":"false".*"Effect":"Deny","Principal":\{"AWS":"\*"\}/);
  });

  test('keep the archive, and what is set aside, for as long as it is said', () => {
    expect(rulesOf('Lake')).toEqual([
      ['cheaper', 'events/', undefined, [{ StorageClass: 'STANDARD_IA', TransitionInDays: 31 }]],
      ['expire', 'events/', 401, undefined],
      ['failures', 'failed/', 66, undefined],
      ['unfinished', undefined, undefined, undefined],
    ]);
    expect(rulesOf('SetAside')).toEqual([
      ['expire', undefined, 66, undefined],
      ['unfinished', undefined, undefined, undefined],
    ]);
    expect(rulesOf('AccessLogs')[0]).toEqual(['expire', undefined, 14, undefined]);
  });

  function rulesOf(name: string) {
    const { LifecycleConfiguration } = odd.one('AWS::S3::Bucket', 'Data', name).Properties as {
      LifecycleConfiguration: { Rules: Record<string, unknown>[] };
    };
    return LifecycleConfiguration.Rules.map(r => [r.Id, r.Prefix, r.ExpirationInDays, r.Transitions]);
  }
});

describe('what is stored', () => {
  const stateful = ['AWS::KMS::Key', 'AWS::Kinesis::Stream', 'AWS::DynamoDB::GlobalTable', 'AWS::S3::Bucket'];
  const policies = (of: ReturnType<typeof synthesise>) =>
    new Set(
      stateful.flatMap(type => of.resources(type)).map(r => `${r.DeletionPolicy} ${r.UpdateReplacePolicy}`),
    );
  const protections = (of: ReturnType<typeof synthesise>) =>
    new Set(
      of
        .resources('AWS::DynamoDB::GlobalTable')
        .map(
          r =>
            (r.Properties.Replicas as { DeletionProtectionEnabled?: boolean }[])[0]
              ?.DeletionProtectionEnabled,
        ),
    );
  const isProtected = (of: ReturnType<typeof synthesise>) =>
    (of.stage.node.findChild('Data') as Stack).terminationProtection;

  test('stays in prod, and cannot be deleted', () => {
    expect(policies(prod)).toEqual(new Set(['Retain Retain']));
    expect(protections(prod)).toEqual(new Set([true]));
    expect(isProtected(prod)).toBe(true);
  });

  test('goes with dev', () => {
    expect(policies(dev)).toEqual(new Set(['Delete Delete']));
    expect(protections(dev)).toEqual(new Set([false]));
    expect(isProtected(dev)).toBe(false);
    expect(dev.resources('Custom::S3AutoDeleteObjects')).toHaveLength(3);
  });

  test('goes with prod when both keys are turned', () => {
    const opened = synthesise({ ...prodSettings, data: { protected: true, whenRemoved: 'delete' } }, 'prod');
    expect(policies(opened)).toEqual(new Set(['Delete Delete']));
    expect(protections(opened)).toEqual(new Set([false]));
    expect(isProtected(opened)).toBe(false);
  });
});

describe('the cache', () => {
  test('of prod is serverless Valkey with limits, in the isolated network', () => {
    expect(prod.one('AWS::ElastiCache::ServerlessCache', 'Data').Properties).toMatchObject({
      Engine: 'valkey',
      CacheUsageLimits: {
        DataStorage: { Maximum: 50, Unit: 'GB' },
        ECPUPerSecond: { Maximum: 50_000 },
      },
      KmsKeyId: expect.anything(),
    });
    const types = ['AWS::EC2::NatGateway', 'AWS::EC2::InternetGateway', 'AWS::EC2::EIP'];
    expect(types.flatMap(type => prod.resources(type))).toEqual([]);
    expect(prod.resources('AWS::EC2::Subnet').map(s => s.Properties.MapPublicIpOnLaunch)).toEqual([
      false,
      false,
      false,
    ]);
    expect(prod.resources('AWS::EC2::VPCEndpoint').map(e => e.Properties.VpcEndpointType)).toEqual([
      'Gateway',
      'Gateway',
    ]);
  });

  test('that is serverless has another name when it can only be replaced', () => {
    const nameOf = (of: ReturnType<typeof synthesise>) =>
      of.one('AWS::ElastiCache::ServerlessCache', 'Data').Properties.ServerlessCacheName;
    const resized = prodBut({ cache: { kind: 'serverless', mostGigabytes: 7, mostUnitsPerSecond: 9_000 } });
    const moved = prodBut({ network: { kind: 'new', zones: ['eu-central-1a', 'eu-central-1c'] } });
    expect(nameOf(prod)).toMatch(/^[a-z](-?[a-z0-9]){0,39}$/);
    expect(nameOf(resized)).toBe(nameOf(prod));
    expect(nameOf(moved)).not.toBe(nameOf(prod));
  });

  test('of nodes has replicas in two zones, and TLS', () => {
    const nodes = prodBut({ cache: { kind: 'nodes', nodeType: 'cache.r7g.large', replicas: 2 } });
    expect(nodes.one('AWS::ElastiCache::ReplicationGroup', 'Data').Properties).toMatchObject({
      Engine: 'valkey',
      CacheNodeType: 'cache.r7g.large',
      NumCacheClusters: 3,
      MultiAZEnabled: true,
      AutomaticFailoverEnabled: true,
      TransitEncryptionEnabled: true,
      AtRestEncryptionEnabled: true,
    });
    const serve = variablesOf(nodes.one('AWS::Lambda::Function', 'Serving', 'serve'));
    expect(JSON.stringify(serve.MILLRACE_CACHE_URL)).toMatch(/"rediss:\/\/".*Cache.*":6379"/);
  });

  test('lets the functions in and nobody else', () => {
    const ingress = prod.resources('AWS::EC2::SecurityGroupIngress');
    expect(ingress.map(({ Properties: p }) => [p.FromPort, p.ToPort, p.IpProtocol])).toEqual([
      [6379, 6379, 'tcp'],
    ]);
    expect(JSON.stringify(ingress[0]!.Properties.SourceSecurityGroupId)).toContain('Functions');
    for (const group of prod.resources('AWS::EC2::SecurityGroup'))
      expect(group.Properties).not.toHaveProperty('SecurityGroupIngress');
  });

  test('is not there where none is wanted, nor what tells functions of it', () => {
    const { Properties } = dev.one('AWS::Lambda::Function', 'Serving', 'serve');
    expect(variablesOf({ Properties })).not.toHaveProperty('MILLRACE_CACHE_URL');
    expect(Properties).not.toHaveProperty('VpcConfig');
  });
});

/** A cache has to have one; those of policies, aliases and stages are unique in what they belong to; others are no ids. */
const mayBeNamed = [
  'AWS::ElastiCache::ServerlessCache ServerlessCacheName',
  'AWS::IAM::Policy PolicyName',
  'AWS::Lambda::Alias Name',
  'AWS::ApiGatewayV2::Stage StageName',
  'AWS::ApiGatewayV2::Api Name',
  'AWS::CloudWatch::Alarm MetricName',
  'AWS::SNS::Topic DisplayName',
];

test('nothing has a physical name of ours: two deployments never meet', () => {
  const names = stackNames.flatMap(stack =>
    Object.values<Resource>(prod.template(stack).toJSON().Resources).flatMap(({ Type, Properties = {} }) =>
      Object.entries(Properties)
        .filter(([key, value]) => /^(\w*Name)$/.test(key) && typeof value === 'string')
        .map(([key]) => `${Type} ${key}`),
    ),
  );
  expect([...new Set(names)].filter(name => !mayBeNamed.includes(name))).toEqual([]);
  expect(mayBeNamed.filter(name => !names.includes(name))).toEqual([]);
});
