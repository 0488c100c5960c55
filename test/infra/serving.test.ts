import type { Stack } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import feed from '../../features/feed/index.ts';
import { tablesOf } from '../../lib/runtime/plan-tables.ts';
import { settingsOf, synthesise } from './support.ts';
import { oddSettings, prodBut, prodSettings, variablesOf } from './varied.ts';

const prod = synthesise(prodSettings);
const dev = synthesise(settingsOf('dev'));
const odd = prodBut(oddSettings);

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
    const patient = prodBut({ api: { ...api, maxBehind: 'any' } });
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
    const stepped = prodBut({ rollout: { kind: 'linear', percent: 20, every: { minutes: 3 } } });
    const [config] = stepped.resources('AWS::CodeDeploy::DeploymentConfig');
    expect(config!.Properties.TrafficRoutingConfig).toEqual({
      Type: 'TimeBasedLinear',
      TimeBasedLinear: { LinearInterval: 3, LinearPercentage: 20 },
    });
  });
});
