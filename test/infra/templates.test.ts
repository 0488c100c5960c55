import type { Stack } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import feed from '../../features/feed/index.ts';
import type { EnvironmentSettings } from '../../lib/infra/environment/index.ts';
import { tablesOf } from '../../lib/runtime/plan-tables.ts';
import { type Resource, settingsOf, synthesise } from './support.ts';

const prodSettings = settingsOf('prod');
const prod = synthesise(prodSettings);
const dev = synthesise(settingsOf('dev'));
const with_ = (change: Partial<EnvironmentSettings>, of = prodSettings) => synthesise({ ...of, ...change });

/** Of prod, with values that differ from each other wherever two could be swapped. */
const odd = with_({
  streams: {
    interactions: {
      source: { kind: 'provisioned', shards: 3 },
      retention: { hours: 48 },
      batch: { window: { seconds: 7 }, records: 1_234 },
    },
  },
  tables: {
    pointInTimeRecovery: { days: 11 },
    warmThroughput: { 'item_popularity@1': { writeUnitsPerSecond: 5_001, readUnitsPerSecond: 15_002 } },
    retired: ['user_engagement@0'],
  },
  archive: { every: { minutes: 3 }, mebibytes: 77, infrequentAfter: { days: 31 }, keepFor: { days: 401 } },
  setAside: { keepFor: { days: 66 } },
  functions: {
    ingest: { memoryMebibytes: 601, timeout: { seconds: 16 }, reserved: 5 },
    transform: { memoryMebibytes: 602, timeout: { seconds: 78 }, reserved: 6 },
    serve: { memoryMebibytes: 603, timeout: { seconds: 9 }, reserved: null },
  },
  api: {
    events: { requestsPerSecond: 101, burst: 202 },
    features: { requestsPerSecond: 303, burst: 404 },
    maxBehind: { minutes: 25 },
  },
  logs: { keepFor: { days: 14 } },
});

describe('the mapping of a stream', () => {
  const mapping = odd.one('AWS::Lambda::EventSourceMapping', 'Processing').Properties;

  test('begins at the oldest record, in order, and reports what failed', () => {
    expect(mapping).toMatchObject({
      StartingPosition: 'TRIM_HORIZON',
      ParallelizationFactor: 1,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: -1,
      BatchSize: 1_234,
      MaximumBatchingWindowInSeconds: 7,
    });
    expect(mapping).not.toHaveProperty('TumblingWindowInSeconds');
  });

  test.each([
    ['two days', { hours: 48 }, 172_500],
    ['seven days', { days: 7 }, 604_500],
    ['more than Lambda can count', { days: 8 }, undefined],
  ])('retries a stream of %s until five minutes before its end', (_, retention, age) => {
    const settings = prodSettings.streams.interactions!;
    const changed = with_({
      streams: { interactions: { ...settings, retention } },
      setAside: { keepFor: { days: 90 } },
    });
    const { Properties } = changed.one('AWS::Lambda::EventSourceMapping', 'Processing');
    expect(Properties.MaximumRecordAgeInSeconds).toBe(age);
  });

  test('puts what no retry could save into the bucket of what is set aside, and calls the alias', () => {
    expect(JSON.stringify(mapping.DestinationConfig)).toMatch(/OnFailure.*FnGetAttSetAside\w+Arn/);
    expect(JSON.stringify(mapping.FunctionName)).toMatch(/transforminteractionsLive\w+.*:live/);
  });

  test('waits for what its function may do', () => {
    const { DependsOn } = odd.one('AWS::Lambda::EventSourceMapping', 'Processing');
    expect(DependsOn).toContainEqual(expect.stringMatching(/^transforminteractionsRoleDefaultPolicy/));
  });
});

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
    const existing = with_({ streams: { interactions: { ...settings, source } } });
    expect(existing.resources('AWS::Kinesis::Stream')).toEqual([]);
    expect(existing.one('AWS::Lambda::EventSourceMapping', 'Processing').Properties.EventSourceArn).toBe(arn);
    expect(variablesOf(existing.one('AWS::Lambda::Function', 'Processing', 'transform'))).toMatchObject({
      MILLRACE_INCARNATION: 'events-7',
    });
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

  test('there is one for each table of the Plan, each retired version, progress and the active Plan', () => {
    const ids = [
      ...tablesOf(feed.plan).map(({ table }) => table),
      'user_engagement@0',
      'progress',
      'control',
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

  test('of progress and of the active Plan never expire', () => {
    for (const name of ['Tablesprogress', 'Tablescontrol']) {
      const { Properties } = odd.one('AWS::DynamoDB::GlobalTable', 'Data', name);
      expect(Properties).not.toHaveProperty('TimeToLiveSpecification');
    }
    expect(odd.one('AWS::DynamoDB::GlobalTable', 'Data', 'Tablesprogress').Properties.KeySchema).toEqual([
      { AttributeName: 'life', KeyType: 'HASH' },
      { AttributeName: 'entry', KeyType: 'RANGE' },
    ]);
  });
});

describe('the archive', () => {
  const { Properties } = odd.one('AWS::KinesisFirehose::DeliveryStream', 'Processing');
  const destination = Properties.ExtendedS3DestinationConfiguration as Record<string, unknown>;

  test('is Parquet in the layout of Hive, by arrival', () => {
    expect(destination).toMatchObject({
      Prefix: 'events/stream=interactions/date=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/',
      ErrorOutputPrefix: 'failed/stream=interactions/!{firehose:error-output-type}/!{timestamp:yyyy-MM-dd}/',
      BufferingHints: { IntervalInSeconds: 180, SizeInMBs: 77 },
      DataFormatConversionConfiguration: {
        Enabled: true,
        InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe: {} } },
        OutputFormatConfiguration: { Serializer: { ParquetSerDe: { Compression: 'SNAPPY' } } },
      },
      CloudWatchLoggingOptions: { Enabled: true },
    });
    expect(destination.EncryptionConfiguration).toHaveProperty('KMSEncryptionConfig');
  });

  test('asks its function for rows, in pieces whose answers stay below 6 MB', () => {
    const { ProcessingConfiguration: processing } = destination as {
      ProcessingConfiguration: {
        Processors: { Parameters: { ParameterName: string; ParameterValue: unknown }[] }[];
      };
    };
    const parameters = Object.fromEntries(
      processing.Processors[0]!.Parameters.map(p => [p.ParameterName, p.ParameterValue]),
    );
    expect(parameters).toMatchObject({
      BufferSizeInMBs: '1',
      BufferIntervalInSeconds: '60',
      NumberOfRetries: '3',
    });
    expect(JSON.stringify(parameters.LambdaArn)).toContain('ArchiverowsLive');
  });

  test('is a table with position, arrival and the event as it was', () => {
    const { TableInput } = odd.one('AWS::Glue::Table', 'Data').Properties as {
      TableInput: {
        StorageDescriptor: { Columns: { Name: string; Type: string }[]; Location: unknown };
        PartitionKeys: { Name: string }[];
      };
    };
    expect(TableInput.StorageDescriptor.Columns.map(({ Name, Type }) => `${Name} ${Type}`)).toEqual([
      'shard string',
      'sequence string',
      'index int',
      'arrival_time bigint',
      'event string',
      'bytes string',
    ]);
    expect(TableInput.PartitionKeys.map(({ Name }) => Name)).toEqual(['date', 'hour']);
    expect(JSON.stringify(TableInput.StorageDescriptor.Location)).toContain('/events/stream=interactions/');
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

describe('functions', () => {
  test.each([
    ['ingest', 'Serving', 601, 16, 5],
    ['transform', 'Processing', 602, 78, 6],
    ['serve', 'Serving', 603, 9, undefined],
  ] as const)('%s gets its own settings', (name, stack, memory, timeout, reserved) => {
    const { Properties } = odd.one('AWS::Lambda::Function', stack, name);
    expect(Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      MemorySize: memory,
      Timeout: timeout,
      TracingConfig: { Mode: 'Active' },
    });
    expect(Properties.ReservedConcurrentExecutions).toBe(reserved);
    expect(variablesOf({ Properties })).toHaveProperty('POWERTOOLS_SERVICE_NAME', name);
  });

  test('transform and serve are in the network, the others are not', () => {
    const inNetwork = odd
      .resources('AWS::Lambda::Function')
      .filter(({ Properties }) => 'VpcConfig' in Properties && 'MemorySize' in Properties)
      .map(({ id }) => id.replace(/Function\w{8}$/, ''));
    expect(inNetwork.filter(id => !id.startsWith('Custom'))).toEqual(['transforminteractions', 'serve']);
  });

  test('know what they work on', () => {
    const transform = variablesOf(odd.one('AWS::Lambda::Function', 'Processing', 'transform'));
    expect(transform).toMatchObject({ MILLRACE_STREAM: 'interactions', MILLRACE_RETENTION_HOURS: '48' });
    expect(JSON.stringify(transform.MILLRACE_INCARNATION)).toContain('RefStreamsinteractions');
    expect(JSON.stringify(transform.MILLRACE_BUCKET)).toContain('RefSetAside');
    expect(JSON.stringify(transform.MILLRACE_PROGRESS_TABLE)).toContain('RefTablesprogress');
    const serve = variablesOf(odd.one('AWS::Lambda::Function', 'Serving', 'serve'));
    for (const variables of [transform, serve]) {
      expect(JSON.stringify(variables.MILLRACE_CONTROL_TABLE)).toContain('RefTablescontrol');
      expect(JSON.stringify(variables.MILLRACE_CACHE_URL)).toMatch(
        /"rediss:\/\/".*Cache.*:6379\?cluster=true/,
      );
    }
    const ingest = variablesOf(odd.one('AWS::Lambda::Function', 'Serving', 'ingest'));
    expect(ingest).toMatchObject({ MILLRACE_MAX_BEHIND_SECONDS: '1500' });
    expect(JSON.stringify(ingest.MILLRACE_STREAMS)).toMatch(
      /\{\\"interactions\\":\\""?,.*RefStreamsinteractions/,
    );
  });

  test('that may be late for ever refuse no events', () => {
    const { api } = prodSettings;
    const patient = with_({ api: { ...api, maxBehind: 'any' } });
    const ingest = patient.one('AWS::Lambda::Function', 'Serving', 'ingest');
    expect(Object.keys(variablesOf(ingest))).toEqual([
      'MILLRACE_STREAMS',
      'POWERTOOLS_METRICS_NAMESPACE',
      'POWERTOOLS_SERVICE_NAME',
    ]);
  });
});

describe('the API', () => {
  test('has two routes, both for signed requests', () => {
    const routes = odd
      .resources('AWS::ApiGatewayV2::Route')
      .map(({ Properties: p }) => [p.RouteKey, p.AuthorizationType]);
    expect(routes).toEqual([
      ['POST /v1/events', 'AWS_IAM'],
      ['POST /v1/features', 'AWS_IAM'],
    ]);
  });

  test('has a limit for each, and the smaller for any other', () => {
    const { Properties } = odd.one('AWS::ApiGatewayV2::Stage', 'Serving');
    expect(Properties).toMatchObject({
      RouteSettings: {
        'POST /v1/events': { ThrottlingRateLimit: 101, ThrottlingBurstLimit: 202 },
        'POST /v1/features': { ThrottlingRateLimit: 303, ThrottlingBurstLimit: 404 },
      },
      DefaultRouteSettings: { ThrottlingRateLimit: 101, ThrottlingBurstLimit: 202 },
    });
    expect(Properties).toHaveProperty('AccessLogSettings.DestinationArn');
    expect(JSON.stringify(Properties.AccessLogSettings)).not.toMatch(/body|Body/);
  });

  test.each([
    ['events', 'ingest'],
    ['features', 'serve'],
  ])('/v1/%s calls the alias of %s, and may call nothing else', (path, name) => {
    const permission = odd.one('AWS::Lambda::Permission', 'Serving', `ApiPOSTv1${path}`).Properties;
    expect(permission).toMatchObject({
      Action: 'lambda:InvokeFunction',
      Principal: 'apigateway.amazonaws.com',
    });
    expect(JSON.stringify(permission.FunctionName)).toMatch(new RegExp(`^\\{"Ref":"${name}Live`));
    expect(JSON.stringify(permission.SourceArn)).toContain(`/*/*/v1/${path}"`);
  });
});

describe('the active Plan', () => {
  const active = odd.one('Custom::ActivePlan', 'Serving');

  test('is that of the definitions, with every table of it', () => {
    expect(active.Properties.PlanHash).toBe(feed.plan.hash);
    expect(Object.keys(active.Properties.Tables as object).toSorted()).toEqual(
      tablesOf(feed.plan)
        .map(({ table }) => table)
        .toSorted(),
    );
  });

  test('moves when serve, ingest and all of Processing have their new code', () => {
    for (const start of ['serveLive', 'ingestLive', 'serveDeployment', 'activateRoleDefaultPolicy'])
      expect(active.DependsOn).toContainEqual(expect.stringMatching(new RegExp(`^${start}`)));
    const [serving, processing] = ['Serving', 'Processing'].map(id => odd.stage.node.findChild(id));
    expect((serving as Stack).dependencies).toContain(processing);
  });
});

describe('new code', () => {
  test('of prod takes over by a canary, and goes back when it fails', () => {
    const groups = prod.resources('AWS::CodeDeploy::DeploymentGroup');
    expect(groups).toHaveLength(4);
    for (const { Properties } of groups)
      expect(Properties).toMatchObject({
        AlarmConfiguration: { Enabled: true, Alarms: [{ Name: expect.anything() }] },
        AutoRollbackConfiguration: {
          Enabled: true,
          Events: expect.arrayContaining(['DEPLOYMENT_STOP_ON_ALARM']),
        },
      });
    for (const { Properties } of prod.resources('AWS::CodeDeploy::DeploymentConfig'))
      expect(Properties.TrafficRoutingConfig).toEqual({
        Type: 'TimeBasedCanary',
        TimeBasedCanary: { CanaryInterval: 10, CanaryPercentage: 10 },
      });
    expect(prod.resources('AWS::CloudWatch::Alarm', 'Processing').map(a => a.Properties)).toContainEqual(
      expect.objectContaining({ MetricName: 'Errors', Threshold: 1, Period: 60, EvaluationPeriods: 1 }),
    );
  });

  test('of dev takes over at once', () => {
    expect(dev.resources('AWS::CodeDeploy::DeploymentGroup')).toEqual([]);
    expect(dev.resources('AWS::Lambda::Alias').map(a => a.Properties.Name)).toEqual([
      'live',
      'live',
      'live',
      'live',
    ]);
  });

  test('takes over in steps where it is said', () => {
    const stepped = with_({ rollout: { kind: 'linear', percent: 20, every: { minutes: 3 } } });
    const [config] = stepped.resources('AWS::CodeDeploy::DeploymentConfig');
    expect(config!.Properties.TrafficRoutingConfig).toEqual({
      Type: 'TimeBasedLinear',
      TimeBasedLinear: { LinearInterval: 3, LinearPercentage: 20 },
    });
  });
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

  test('of nodes has replicas in two zones, and TLS', () => {
    const nodes = with_({ cache: { kind: 'nodes', nodeType: 'cache.r7g.large', replicas: 2 } });
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

test('nothing has a physical name of ours', () => {
  const named = [
    'BucketName',
    'TableName',
    'FunctionName',
    'RoleName',
    'TopicName',
    'DeliveryStreamName',
    'LogGroupName',
    'StreamName',
    'AlarmName',
    'ManagedPolicyName',
  ];
  const owners: Record<string, string> = {
    FunctionName: 'AWS::Lambda::Function',
    LogGroupName: 'AWS::Logs::LogGroup',
  };
  for (const name of named) {
    const found = prod.resources(owners[name] ?? '').filter(r => name in r.Properties);
    expect(found, name).toEqual([]);
  }
});

function variablesOf({ Properties }: Pick<Resource, 'Properties'>): Readonly<Record<string, unknown>> {
  return (Properties.Environment as { Variables: Record<string, unknown> }).Variables;
}
