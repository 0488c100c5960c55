import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import feed from '../../features/feed/index.ts';
import { interactions } from '../../features/feed/interactions.ts';
import { count, definitions, entity, featureGroup, string } from '../../lib/define/index.ts';
import {
  checkAgainstPlan,
  type Duration,
  deletesData,
  type EnvironmentSettings,
  environment,
  environments,
  SettingsError,
  secondsOf,
  selectEnvironments,
} from '../../lib/infra/environment/index.ts';
import { settingsOf } from './support.ts';

const prod = settingsOf('prod');
const dev = settingsOf('dev');
const stream = prod.streams.interactions!;

type Wrong = readonly [
  message: string,
  change: Partial<EnvironmentSettings>,
  of: EnvironmentSettings | undefined,
];

const ofStream = (change: object) => ({ streams: { interactions: { ...stream, ...change } } });
const ofBatch = (change: object) => ofStream({ batch: { ...stream.batch, ...change } });
const existing = (change: object) =>
  ofStream({
    source: {
      kind: 'existing',
      arn: 'arn:aws:kinesis:eu-central-1:444455556666:stream/events',
      keyArn: null,
      incarnation: 'events-1',
      ...change,
    },
  });
const ofFunction = (name: 'ingest' | 'transform' | 'serve', change: object) => ({
  functions: { ...prod.functions, [name]: { ...prod.functions[name], ...change } },
});
const network = { kind: 'new', zones: ['eu-central-1a', 'eu-central-1b'] } as const;
const known = {
  kind: 'existing',
  vpcId: 'vpc-0123456789abcdef0',
  zones: ['eu-central-1a', 'eu-central-1b'],
  subnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
} as const;

/** Each is wrong in one way, and is told in one sentence that begins with the setting. */
const wrong: readonly (readonly [string, Partial<EnvironmentSettings>, EnvironmentSettings?])[] = [
  ["name: 'Prod EU': take up to 20 lower-case letters", { name: 'Prod EU' }],
  ["account: '1234' is no account: twelve digits, or 'of-caller'", { account: '1234' }],
  [
    "region: 'frankfurt' is no region of AWS",
    { region: 'frankfurt', network: { kind: 'none' }, cache: { kind: 'none' } },
  ],
  ["features: 'features/feed' is no TypeScript module", { features: 'features/feed' }],
  [
    'tags.aws:team: a key has 1 to 128 characters and does not begin with aws: or millrace:',
    { tags: { 'aws:team': 'a' } },
  ],
  ['tags.team: has 257 characters: 256 are the most', { tags: { team: 'x'.repeat(257) } }],
  ["account: 'of-caller' with data.protected: name the account", { account: 'of-caller' }],
  [
    'streams.interactions.retention: is 12 hours: it may be 24 hours to 365 days',
    ofStream({ retention: { hours: 12 } }),
  ],
  [
    'streams.interactions.batch.window: is 6 minutes: it may be 0 seconds to 300 seconds',
    ofBatch({ window: { minutes: 6 } }),
  ],
  ['streams.interactions.batch.window: is 1.5 seconds', ofBatch({ window: { seconds: 1.5 } })],
  [
    'streams.interactions.batch.records: is 0: it may be a whole number from 1 to 10000',
    ofBatch({ records: 0 }),
  ],
  [
    'streams.interactions.batch.window: is 0 s: Lambda needs 1 s or more',
    ofBatch({ window: { seconds: 0 } }),
  ],
  ['streams.interactions.source.shards: is 0', ofStream({ source: { kind: 'provisioned', shards: 0 } })],
  ['streams.interactions.source.incarnation: is empty', existing({ incarnation: ' ' })],
  [
    "streams.interactions.source.arn: 'events' is no ARN of the form arn:aws:kinesis:eu-central-1:",
    existing({ arn: 'events' }),
  ],
  [
    'streams.interactions.source.arn: is in us-east-1, and region is eu-central-1',
    existing({ arn: 'arn:aws:kinesis:us-east-1:444455556666:stream/events' }),
  ],
  [
    'streams.interactions.source.arn: is of account 999988887777, and account is 444455556666',
    existing({ arn: 'arn:aws:kinesis:eu-central-1:999988887777:stream/events' }),
  ],
  [
    "streams.interactions.source.keyArn: 'arn:aws:kms:eu-central-1:444455556666:alias/events' is no ARN",
    existing({ keyArn: 'arn:aws:kms:eu-central-1:444455556666:alias/events' }),
  ],
  [
    'tables.pointInTimeRecovery.days: is 36: it may be a whole number from 1 to 35',
    { tables: { ...prod.tables, pointInTimeRecovery: { days: 36 } } },
  ],
  [
    'tables.warmThroughput.user_engagement@1.writeUnitsPerSecond: is 100: it may be a whole number from 4000',
    {
      tables: {
        ...prod.tables,
        warmThroughput: { 'user_engagement@1': { writeUnitsPerSecond: 100, readUnitsPerSecond: 12_000 } },
      },
    },
  ],
  [
    'tables.warmThroughput.user_engagement@1.readUnitsPerSecond: is 100: it may be a whole number from 12000',
    {
      tables: {
        ...prod.tables,
        warmThroughput: { 'user_engagement@1': { writeUnitsPerSecond: 4_000, readUnitsPerSecond: 100 } },
      },
    },
  ],
  [
    'archive.every: is 30 seconds: it may be 1 minutes to 15 minutes',
    { archive: { ...prod.archive, every: { seconds: 30 } } },
  ],
  [
    'archive.mebibytes: is 32: it may be a whole number from 64 to 128',
    { archive: { ...prod.archive, mebibytes: 32 } },
  ],
  [
    'archive.infrequentAfter: is 7 days: it may be 30 days',
    { archive: { ...prod.archive, infrequentAfter: { days: 7 } } },
  ],
  [
    'archive.keepFor: ends before archive.infrequentAfter begins',
    { archive: { ...prod.archive, infrequentAfter: { days: 900 } } },
  ],
  [
    'setAside.keepFor: is shorter than streams.interactions.retention',
    { setAside: { keepFor: { days: 3 } } },
  ],
  ['logs.keepFor: is 31 days: CloudWatch takes 1, 3, 5', { logs: { keepFor: { days: 31 } } }],
  ['network: is none, and cache is serverless', { network: { kind: 'none' } }],
  ['network.zones: has fewer than two', { network: { ...network, zones: ['eu-central-1a'] } }],
  [
    "network.zones: 'us-east-1a' is not in eu-central-1",
    { network: { ...network, zones: ['eu-central-1a', 'us-east-1a'] } },
  ],
  [
    'network.zones: names a zone twice',
    { network: { ...network, zones: ['eu-central-1a', 'eu-central-1a'] } },
  ],
  ["network.vpcId: 'main' is no VPC", { network: { ...known, vpcId: 'main' } }],
  [
    'network.subnetIds: has 1: give one for each of network.zones',
    { network: { ...known, subnetIds: ['subnet-0123456789abcdef0'] } },
  ],
  [
    "network.subnetIds: 'a' is no subnet",
    { network: { ...known, subnetIds: ['subnet-0123456789abcdef0', 'a'] } },
  ],
  [
    'cache.mostGigabytes: is 0: it may be a whole number from 1 to 5000',
    { cache: { kind: 'serverless', mostGigabytes: 0, mostUnitsPerSecond: 1_000 } },
  ],
  [
    'cache.mostUnitsPerSecond: is 1: it may be a whole number from 1000',
    { cache: { kind: 'serverless', mostGigabytes: 1, mostUnitsPerSecond: 1 } },
  ],
  [
    "cache.nodeType: 't4g.small' is no type of node",
    { cache: { kind: 'nodes', nodeType: 't4g.small', replicas: 1 } },
  ],
  [
    'cache.replicas: is 0: it may be a whole number from 1 to 5',
    { cache: { kind: 'nodes', nodeType: 'cache.t4g.small', replicas: 0 } },
  ],
  [
    "key.arn: 'k' is no ARN of the form arn:aws:kms:eu-central-1:ACCOUNT:key/NAME",
    { key: { kind: 'existing', arn: 'k' } },
  ],
  [
    'functions.serve.memoryMebibytes: is 64: it may be a whole number from 128 to 10240',
    ofFunction('serve', { memoryMebibytes: 64 }),
  ],
  [
    'functions.ingest.timeout: is 5 seconds: it may be 15 seconds to 29 seconds',
    ofFunction('ingest', { timeout: { seconds: 5 } }),
  ],
  [
    'functions.transform.timeout: is 20 seconds: it may be 60 seconds to 15 minutes',
    ofFunction('transform', { timeout: { seconds: 20 } }),
  ],
  ['functions.serve.reserved: is 0: it may be a whole number from 1', ofFunction('serve', { reserved: 0 })],
  [
    'api.events.requestsPerSecond: is 0: it may be a whole number from 1',
    { api: { ...prod.api, events: { requestsPerSecond: 0, burst: 1 } } },
  ],
  [
    'api.features.burst: is 0.5: it may be a whole number from 1',
    { api: { ...prod.api, features: { requestsPerSecond: 1, burst: 0.5 } } },
  ],
  [
    'api.maxBehind: is 30 seconds: it may be 1 minutes to 7 days',
    { api: { ...prod.api, maxBehind: { seconds: 30 } } },
  ],
  [
    'api.maxBehind: is not shorter than streams.interactions.retention',
    { api: { ...prod.api, maxBehind: { days: 7 } } },
  ],
  [
    'rollout.percent: is 100: it may be a whole number from 1 to 99',
    { rollout: { kind: 'canary', percent: 100, wait: { minutes: 5 } } },
  ],
  [
    'rollout.wait: is 10 seconds: it may be 1 minutes to 2 days',
    { rollout: { kind: 'canary', percent: 10, wait: { seconds: 10 } } },
  ],
  [
    'rollout.every: is 3 days: it may be 1 minutes to 2 days',
    { rollout: { kind: 'linear', percent: 10, every: { days: 3 } } },
  ],
  ["alarms.emails: 'ops' is no address", { alarms: { emails: ['ops'], topicArns: [] } }],
  [
    "alarms.topicArns: 'pager' is no ARN of the form arn:aws:sns:",
    { alarms: { emails: [], topicArns: ['pager'] } },
  ],
  ['alarms: has no receiver, and data.protected is true', { alarms: { emails: [], topicArns: [] } }],
  [
    'cache: is nodes: on ministack nothing would answer',
    { cache: { kind: 'nodes', nodeType: 'cache.t4g.small', replicas: 1 } },
    settingsOf('local'),
  ],
  ['rollout: is canary: ministack has no CodeDeploy', { rollout: prod.rollout }, settingsOf('local')],
  [
    'data.protected: is true: ministack keeps nothing',
    { data: { protected: true, whenRemoved: 'keep' }, alarms: prod.alarms },
    settingsOf('local'),
  ],
];

describe('a wrong setting is named', () => {
  test.each<Wrong>(wrong.map(([message, change, of]) => [message, change, of]))(
    '%s',
    (message, change, of = prod) => {
      const lines = refusal(() => environment({ ...of, ...change })).split('\n');
      expect(lines).toEqual([expect.stringContaining(`environment ${change.name ?? of.name}: ${message}`)]);
    },
  );

  test('and all of them at once', () => {
    const message = refusal(() =>
      environment({ ...prod, account: '1', region: 'x', ...ofBatch({ records: 0 }) }),
    );
    for (const path of ['account', 'region', 'streams.interactions.batch.records'])
      expect(message).toContain(`environment prod: ${path}: `);
  });
});

/** What TypeScript would refuse, and Node, which runs the app, does not. */
describe('a setting of another shape is named', () => {
  test.each<readonly [string, object]>([
    ['colour: is no setting; there are name, platform,', { colour: 'red' }],
    ['cache: is missing', { cache: undefined }],
    ['platform: is "gcp": it may be aws, ministack', { platform: 'gcp' }],
    [
      'data.whenRemoved: is "destroy": it may be keep, delete',
      { data: { ...prod.data, whenRemoved: 'destroy' } },
    ],
    [
      'streams.interactions.retentoin: is no setting; there are source,',
      ofStream({ retentoin: { days: 1 } }),
    ],
    [
      'streams.interactions.source.kind: is "ondemand": it may be on-demand,',
      ofStream({ source: { kind: 'ondemand' } }),
    ],
    ['streams.interactions.source.shards: is missing', ofStream({ source: { kind: 'provisioned' } })],
    [
      'streams.interactions.batch.window: is {"weeks":1}: it has to be a time',
      ofBatch({ window: { weeks: 1 } }),
    ],
    [
      'logs.keepFor: is {"days":1,"hours":2}: it has to be a time',
      { logs: { keepFor: { days: 1, hours: 2 } } },
    ],
    ['cache.kind: is "serverles": it may be none, serverless, nodes', { cache: { kind: 'serverles' } }],
    ['cache.kind: is "none": it may be none', { cache: 'none' }],
    ['functions.serve: is missing', { functions: { ...prod.functions, serve: undefined } }],
    ['functions: is null: it has to have ingest, transform, serve', { functions: null }],
    ['alarms.emails: is "a@b.c": it has to be a list', { alarms: { emails: 'a@b.c', topicArns: [] } }],
    ['tags.owner: is 7: it has to be a text', { tags: { owner: 7 } }],
    ['tracing: is "no": it has to be true or false', { tracing: 'no' }],
  ])('%s', (message, change) => {
    const wrong = { ...prod, ...change } as EnvironmentSettings;
    expect(refusal(() => environment(wrong)).split('\n')).toEqual([
      expect.stringContaining(`environment prod: ${message}`),
    ]);
  });
});

describe('settings that the definitions contradict', () => {
  const changed = (change: Partial<EnvironmentSettings>) => environment({ ...prod, ...change });

  test.each<readonly [message: string, change: Partial<EnvironmentSettings>]>([
    [
      'streams.interactions: is missing, and features/feed/index.ts has a stream of that name',
      { streams: {} },
    ],
    [
      'streams.clicks: features/feed/index.ts has no such stream; it has interactions',
      { streams: { ...prod.streams, clicks: stream } },
    ],
    [
      'tables.warmThroughput.user_engagement@7: features/feed/index.ts has no such group version',
      {
        tables: {
          ...prod.tables,
          warmThroughput: { 'user_engagement@7': { writeUnitsPerSecond: 4_000, readUnitsPerSecond: 12_000 } },
        },
      },
    ],
    [
      'tables.retired: features/feed/index.ts still has user_engagement@1',
      { tables: { ...prod.tables, retired: ['user_engagement@1'] } },
    ],
    [
      'archive.keepFor: is shorter than the longest window of features/feed/index.ts, 90 days',
      { archive: { ...prod.archive, keepFor: { days: 60 } } },
    ],
  ])('%s', (message, change) => {
    expect(refusal(() => checkAgainstPlan(changed(change), feed.plan))).toContain(message);
  });

  test('features of all time need an archive of all time', () => {
    const everything = featureGroup('everything', {
      entity: entity('user', { keys: { user: string() } }),
      from: interactions,
      features: () => ({ events: count().over('lifetime') }),
    });
    const { plan } = definitions({ groups: [everything] });
    const message = refusal(() =>
      checkAgainstPlan(changed({ tables: { ...prod.tables, warmThroughput: {} } }), plan),
    );
    expect(message).toContain(
      "archive.keepFor: features/feed/index.ts has lifetime features, so it has to be 'ever'",
    );
  });

  test('those that agree pass', () => {
    for (const name of ['dev', 'staging', 'prod', 'local'])
      expect(() => checkAgainstPlan(environment(settingsOf(name)), feed.plan)).not.toThrow();
  });
});

describe('deleting what is stored', () => {
  const of = (isProtected: boolean, whenRemoved: 'keep' | 'delete') =>
    environment({ ...prod, data: { protected: isProtected, whenRemoved } });

  test.each([
    ['a protected environment that keeps its data', of(true, 'keep'), undefined, false],
    ['an open one that keeps its data', of(false, 'keep'), undefined, false],
    ['an open one that deletes it', of(false, 'delete'), undefined, true],
    ['a protected one, both keys turned', of(true, 'delete'), 'prod', true],
    ['a key for another environment', of(true, 'keep'), 'staging', false],
  ])('%s', (_, one, key, deletes) => {
    expect(deletesData(one, key)).toBe(deletes);
  });

  test.each([
    [
      'the setting alone',
      of(true, 'delete'),
      undefined,
      'data.whenRemoved: is delete, and data.protected is true: say -c delete-protected-data=prod',
    ],
    [
      'the setting and the key of another',
      of(true, 'delete'),
      'staging',
      'say -c delete-protected-data=prod',
    ],
    [
      'the key alone',
      of(true, 'keep'),
      'prod',
      'delete-protected-data: names it, and data.whenRemoved is keep',
    ],
    [
      'a key that nothing needs',
      of(false, 'delete'),
      'prod',
      'delete-protected-data: names it, and data.protected is false',
    ],
  ])('is refused with %s', (_, one, key, message) => {
    expect(refusal(() => deletesData(one, key))).toContain(message);
  });
});

test('environments are chosen by name, and have one each', () => {
  const all = environments(environment(dev), environment(prod));
  expect(selectEnvironments(all, undefined)).toEqual(all);
  expect(selectEnvironments(all, 'prod').map(one => one.name)).toEqual(['prod']);
  expect(refusal(() => selectEnvironments(all, 'production'))).toBe(
    'there is no environment production: features/environments.ts has dev, prod',
  );
  expect(refusal(() => environments(environment(dev), environment(dev)))).toBe(
    'environment dev: name: two environments have it',
  );
});

test.each<readonly [Duration, number]>([
  [{ seconds: 90 }, 90],
  [{ minutes: 2 }, 120],
  [{ hours: 24 }, 86_400],
  [{ days: 7 }, 604_800],
])('%j is %d seconds', (duration, seconds) => {
  expect(secondsOf(duration)).toBe(seconds);
});

function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  return 'nothing was refused';
}

test('the app says in a line what is wrong, without a trace of its own code', () => {
  const { status, stderr } = spawnSync(process.execPath, ['bin/app.ts'], {
    env: { ...process.env, CDK_CONTEXT_JSON: '{"env":"typo"}' },
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr:
      'SettingsError: there is no environment typo: features/environments.ts has dev, staging, prod, local\n',
  });
}, 30_000);
