import { expect, test } from 'vitest';
import { settingsOf, stackNames, synthesise } from './support.ts';

/**
 * In what an environment may be otherwise than prod: `Type logicalId.path`. All else is the same everywhere, above all
 * what roles may do and what functions are told: a difference there would show in prod alone.
 */
const mayDiffer: readonly RegExp[] = [
  /\.Tags(\[\]\.(Key|Value)|\.millrace:environment)$/,
  // Settings of size, time and safety.
  /^AWS::S3::Bucket .*\.LifecycleConfiguration\.Rules/,
  /^AWS::Logs::LogGroup .*\.RetentionInDays$/,
  /^AWS::Kinesis::Stream .*\.(RetentionPeriodHours|ShardCount|StreamModeDetails\.StreamMode)$/,
  /^AWS::DynamoDB::GlobalTable .*\.(DeletionProtectionEnabled|WarmThroughput\.\w+)$/,
  /^AWS::DynamoDB::GlobalTable .*\.PointInTimeRecoverySpecification\.\w+$/,
  /^AWS::Lambda::EventSourceMapping .*\.(BatchSize|MaximumBatchingWindowInSeconds|MaximumRecordAgeInSeconds)$/,
  /^AWS::Lambda::Function .*\.(Timeout|MemorySize|ReservedConcurrentExecutions)$/,
  /^AWS::Lambda::Function .*\.Variables\.(MILLRACE_RETENTION_HOURS|MILLRACE_CACHE_URL.*)$/,
  /^AWS::KinesisFirehose::DeliveryStream .*\.BufferingHints\.SizeInMBs$/,
  /^AWS::ApiGatewayV2::Stage .*\.Throttling(Burst|Rate)Limit$/,
  // Half of the retention; the window and a minute.
  /^AWS::CloudWatch::Alarm Alarm(eventsabouttobelost|stalefeatures)\w+\.Properties\.Threshold$/,
  /^AWS::CloudWatch::Dashboard /,
  /\.(DeletionPolicy|UpdateReplacePolicy)$/,
  // The network, the cache, gradual roll-outs, receivers: there, of another kind, or not there.
  /^AWS::(EC2|ElastiCache|CodeDeploy)::|^AWS::CloudWatch::Alarm (\w+RollBack|Alarmcache|Alarmnoevents)|^AWS::SNS::Subscription /,
  /^AWS::Lambda::Function .*\.VpcConfig\./,
  /^AWS::IAM::Role \w*DeploymentRole/,
  /^AWS::Lambda::Alias .*\.UpdatePolicy\.CodeDeployLambdaAliasUpdate\./,
  /\.DependsOn\[\]$/,
  // By a function of CDK's own buckets are emptied before they go, and the default security group is closed.
  /^Custom::(S3AutoDeleteObjects|VpcRestrictDefaultSG) |^AWS::(Lambda::Function|IAM::Role) Custom/,
  /^AWS::S3::BucketPolicy /,
  // Versions are named by what they hold, and catalog entries by their stack.
  /^AWS::Lambda::Version |^AWS::Lambda::Alias .*\.FunctionVersion\.|^AWS::Glue::\w+ .*\.Name$/,
];

const prod = factsOf('prod');
const others = { staging: factsOf('staging'), dev: factsOf('dev'), local: factsOf('local') };

test.each(Object.entries(others))('%s is as prod but for its settings', (_, other) => {
  const differing = [...new Set([...prod.keys(), ...other.keys()])].filter(
    key => prod.get(key) !== other.get(key) && !mayDiffer.some(pattern => pattern.test(key)),
  );
  expect(differing.map(key => `${key}: ${prod.get(key)} in prod, ${other.get(key)}`)).toEqual([]);
});

test('each difference that is allowed is one that there is', () => {
  const all = Object.values(others);
  const keys = new Set([prod, ...all].flatMap(facts => [...facts.keys()]));
  const differing = [...keys].filter(key => all.some(facts => facts.get(key) !== prod.get(key)));
  expect(mayDiffer.filter(pattern => !differing.some(key => pattern.test(key)))).toEqual([]);
});

test('what prod says of a role is compared', () => {
  const said = [...prod.keys()].filter(key => key.startsWith('AWS::IAM::Policy'));
  expect(said.length).toBeGreaterThan(20);
});

/** All that an environment's templates say, in prod's place, by `Type logicalId.path`, its own name taken out. */
function factsOf(name: string): ReadonlyMap<string, string> {
  const { account, region, network } = settingsOf('prod');
  const settings = settingsOf(name);
  const inPlace = { account, region, network: settings.network.kind === 'none' ? settings.network : network };
  const synthesised = synthesise({ ...settings, ...inPlace });
  const facts = new Map<string, string>();
  const own = (text: string): string =>
    text
      .replaceAll(`-${name}-`, '-ENVIRONMENT-')
      .replaceAll(`Millrace ${name}`, 'Millrace ENVIRONMENT')
      .replaceAll(`Millrace/${name}`, 'Millrace/ENVIRONMENT');
  for (const stack of stackNames) {
    const { Resources } = synthesised.template(stack).toJSON();
    for (const [id, { Metadata: _, ...resource }] of Object.entries<Record<string, unknown>>(Resources)) {
      const at = `${resource.Type} ${id}`;
      if (resource.Type === 'AWS::IAM::Policy')
        for (const line of allowed(resource)) facts.set(`${at}.${own(line)}`, 'allowed');
      else for (const [path, value] of leavesOf(resource)) facts.set(at + path, own(value));
    }
  }
  return facts;
}

/** `action on resource`, but for what puts a function into a network. */
function allowed(resource: Record<string, unknown>): readonly string[] {
  const { PolicyDocument } = resource.Properties as {
    PolicyDocument: {
      Statement: readonly { Action: string | string[]; Resource: unknown; Condition?: unknown }[];
    };
  };
  return PolicyDocument.Statement.flatMap(({ Action, Resource, Condition }) =>
    [Action]
      .flat()
      .filter(action => !action.startsWith('ec2:'))
      .flatMap(action => [Resource].flat().map(on => `${action} on ${JSON.stringify([on, Condition])}`)),
  );
}

function* leavesOf(value: unknown, path = ''): Generator<readonly [path: string, value: string]> {
  if (Array.isArray(value)) {
    const parts = new Map<string, string>();
    for (const one of value) {
      for (const [at, text] of leavesOf(one, `${path}[]`)) parts.set(at, `${parts.get(at) ?? ''}|${text}`);
    }
    yield* parts;
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) yield* leavesOf(inner, `${path}.${key}`);
  } else yield [path, String(value)];
}
