import { environment, environments } from '../lib/infra/environment/index.ts';

/** To try things out: small, cheap, and gone with `cdk destroy`. */
const dev = environment({
  name: 'dev',
  platform: 'aws',
  account: 'of-caller',
  region: 'eu-central-1',
  features: 'features/feed/index.ts',
  data: { protected: false, whenRemoved: 'delete' },
  streams: {
    interactions: {
      source: { kind: 'provisioned', shards: 1 },
      retention: { hours: 24 },
      // A little longer than elsewhere: without a cache reads are dearer, and writes have to be fewer.
      batch: { window: { seconds: 12 }, records: 5_000 },
    },
  },
  tables: { pointInTimeRecovery: 'off', warmThroughput: {}, retired: [] },
  archive: { every: { minutes: 5 }, mebibytes: 64, infrequentAfter: 'never', keepFor: { days: 100 } },
  setAside: { keepFor: { days: 30 } },
  cache: { kind: 'none' },
  network: { kind: 'none' },
  key: { kind: 'new' },
  functions: {
    ingest: { memoryMebibytes: 1_024, timeout: { seconds: 15 }, reserved: null },
    transform: { memoryMebibytes: 1_769, timeout: { minutes: 2 }, reserved: null },
    serve: { memoryMebibytes: 1_769, timeout: { seconds: 10 }, reserved: null },
  },
  api: {
    events: { requestsPerSecond: 100, burst: 200 },
    features: { requestsPerSecond: 200, burst: 400 },
    maxBehind: { hours: 1 },
  },
  rollout: { kind: 'at-once' },
  alarms: { emails: [], topicArns: [] },
  logs: { keepFor: { days: 7 } },
  tracing: true,
  tags: {},
});

/** As production, at a smaller size. */
const staging = environment({
  name: 'staging',
  platform: 'aws',
  account: '111122223333',
  region: 'eu-central-1',
  features: 'features/feed/index.ts',
  data: { protected: false, whenRemoved: 'keep' },
  streams: {
    interactions: {
      source: { kind: 'on-demand' },
      retention: { hours: 24 },
      batch: { window: { seconds: 10 }, records: 5_000 },
    },
  },
  tables: { pointInTimeRecovery: { days: 7 }, warmThroughput: {}, retired: [] },
  archive: { every: { minutes: 5 }, mebibytes: 128, infrequentAfter: { days: 30 }, keepFor: { days: 100 } },
  setAside: { keepFor: { days: 90 } },
  cache: { kind: 'nodes', nodeType: 'cache.t4g.small', replicas: 1 },
  network: { kind: 'new', zones: ['eu-central-1a', 'eu-central-1b'] },
  key: { kind: 'new' },
  functions: {
    ingest: { memoryMebibytes: 1_024, timeout: { seconds: 15 }, reserved: null },
    transform: { memoryMebibytes: 1_769, timeout: { minutes: 2 }, reserved: null },
    serve: { memoryMebibytes: 1_769, timeout: { seconds: 10 }, reserved: null },
  },
  api: {
    events: { requestsPerSecond: 1_000, burst: 2_000 },
    features: { requestsPerSecond: 2_000, burst: 4_000 },
    maxBehind: { hours: 1 },
  },
  rollout: { kind: 'at-once' },
  alarms: { emails: ['millrace-staging@example.com'], topicArns: [] },
  logs: { keepFor: { days: 30 } },
  tracing: true,
  tags: {},
});

/** Data cannot be deleted here, and new code takes over gradually. */
const prod = environment({
  name: 'prod',
  platform: 'aws',
  account: '444455556666',
  region: 'eu-central-1',
  features: 'features/feed/index.ts',
  data: { protected: true, whenRemoved: 'keep' },
  streams: {
    interactions: {
      source: { kind: 'on-demand' },
      retention: { days: 7 },
      batch: { window: { seconds: 10 }, records: 10_000 },
    },
  },
  tables: {
    pointInTimeRecovery: { days: 35 },
    warmThroughput: {
      'user_engagement@1': { writeUnitsPerSecond: 8_000, readUnitsPerSecond: 24_000 },
    },
    retired: [],
  },
  archive: { every: { minutes: 5 }, mebibytes: 128, infrequentAfter: { days: 30 }, keepFor: { days: 730 } },
  setAside: { keepFor: { days: 180 } },
  cache: { kind: 'serverless', mostGigabytes: 50, mostUnitsPerSecond: 50_000 },
  network: { kind: 'new', zones: ['eu-central-1a', 'eu-central-1b', 'eu-central-1c'] },
  key: { kind: 'new' },
  functions: {
    ingest: { memoryMebibytes: 1_024, timeout: { seconds: 15 }, reserved: null },
    transform: { memoryMebibytes: 1_769, timeout: { minutes: 5 }, reserved: null },
    serve: { memoryMebibytes: 1_769, timeout: { seconds: 10 }, reserved: null },
  },
  api: {
    events: { requestsPerSecond: 5_000, burst: 5_000 },
    features: { requestsPerSecond: 5_000, burst: 5_000 },
    maxBehind: { hours: 1 },
  },
  rollout: { kind: 'canary', percent: 10, wait: { minutes: 10 } },
  alarms: { emails: ['millrace-prod@example.com'], topicArns: [] },
  logs: { keepFor: { days: 90 } },
  tracing: true,
  tags: {},
});

/** A local AWS, MiniStack, for `npm run deploy:local`. */
const local = environment({
  ...dev,
  name: 'local',
  platform: 'ministack',
  account: '000000000000',
  region: 'us-east-1',
  streams: {
    interactions: {
      source: { kind: 'provisioned', shards: 2 },
      retention: { hours: 24 },
      batch: { window: { seconds: 1 }, records: 1_000 },
    },
  },
  network: { kind: 'new', zones: ['us-east-1a', 'us-east-1b'] },
});

export default environments(dev, staging, prod, local);
