import type { Plan } from '../../kernel/plan.ts';
import { metricNames as names } from '../../runtime/metric-names.ts';
import { type EnvironmentSettings, type StreamSettings, secondsOf } from '../environment/index.ts';
import type { Statistic, WatchedMetric } from './metric.ts';

/** What somebody is to be told of. */
export interface AlarmDefinition {
  /** Its section of docs/runbook.md. */
  readonly runbook: string;
  /** The stream or service that it is of; the environment's own where there is none. */
  readonly of: string | null;
  /**
   * 1: data is being lost or nobody is answered; now, at night too. 2: answers are stale or partly missing; within the hour.
   * 3: something is set aside or slower than it should be; on the next working day.
   */
  readonly severity: 1 | 2 | 3;
  /** What it means, in a sentence. */
  readonly meaning: string;
  readonly metric: WatchedMetric;
  readonly statistic: Statistic;
  readonly periodSeconds: number;
  /** In the metric's unit; reached is enough. */
  readonly threshold: number;
  /** Of the last `periods`, so many have to reach it. */
  readonly breaches: number;
  readonly periods: number;
  /** No data is an alarm as well. */
  readonly whenSilent?: true;
  /** Below the threshold instead of above. */
  readonly below?: true;
}

/** All alarms of an environment, but those that roll code back (roll-out.ts). */
export function alarmsOf(plan: Plan, settings: EnvironmentSettings): readonly AlarmDefinition[] {
  return [
    ...Object.entries(settings.streams).flatMap(([stream, one]) => [
      ...progressAlarms(stream, one),
      ...eventAlarms(stream),
      ...rowAlarms(stream),
      ...archiveAlarms(stream, settings),
      ...silenceAlarms(stream, settings),
    ]),
    ...plan.services.flatMap(({ name }) => readAlarms(name)),
    ...apiAlarms,
    ...functionAlarms,
    ...cacheAlarms(plan, settings),
  ];
}

const minutes = 60;
/** Most alarms look at three periods of five minutes: one bad moment is none. */
const usual = { periodSeconds: 5 * minutes, breaches: 3, periods: 3 } as const;
const once = { periodSeconds: 5 * minutes, breaches: 1, periods: 1 } as const;

/** Whether events become features, and how soon. */
function progressAlarms(stream: string, { retention, batch }: StreamSettings): AlarmDefinition[] {
  const window = secondsOf(batch.window);
  const age = { from: 'lambda', name: 'IteratorAge', function: { transform: stream } } as const;
  const batchesFail = { from: 'millrace', name: names.batchesFailed, stream } as const;
  return [
    {
      runbook: 'events-about-to-be-lost',
      of: stream,
      severity: 1,
      meaning: 'The transform is behind by half of the retention: at the whole of it events are gone.',
      metric: age,
      statistic: 'Maximum',
      ...once,
      threshold: (secondsOf(retention) * 1000) / 2,
    },
    {
      runbook: 'behind',
      of: stream,
      severity: 2,
      meaning: 'The transform is behind: features lack the newest events.',
      metric: age,
      statistic: 'Maximum',
      ...usual,
      threshold: Math.max(5 * minutes, 10 * window) * 1000,
    },
    {
      runbook: 'stale-features',
      of: stream,
      severity: 2,
      meaning: 'From arrival to servable it takes much longer than a batch is gathered for.',
      metric: { from: 'millrace', name: names.freshnessOldest, stream },
      statistic: 'p99',
      ...usual,
      threshold: (2 * window + minutes) * 1000,
    },
    {
      runbook: 'batches-fail',
      of: stream,
      severity: 2,
      meaning: 'Whole batches fail and are given again: nothing of a shard comes through.',
      metric: batchesFail,
      statistic: 'Sum',
      ...usual,
      threshold: 1,
    },
    {
      runbook: 'transform-errors',
      of: stream,
      severity: 2,
      meaning: 'The transform crashes, times out or runs out of memory.',
      metric: { from: 'lambda', name: 'Errors', function: { transform: stream } },
      statistic: 'Sum',
      ...usual,
      threshold: 1,
    },
  ];
}

/** What becomes of events that do not count. */
const eventAlarms = (stream: string): AlarmDefinition[] => [
  {
    runbook: 'many-quarantined',
    of: stream,
    severity: 3,
    meaning: 'Many events are bad or too late, and are set aside.',
    metric: { from: 'millrace', name: names.eventsQuarantined, stream },
    statistic: 'Sum',
    ...usual,
    threshold: 1_000,
  },
  {
    runbook: 'unapplied',
    of: stream,
    severity: 3,
    meaning: 'A row cannot take events: they count in all other rows, and wait for a redrive in this one.',
    metric: { from: 'millrace', name: names.eventsUnapplied, stream },
    statistic: 'Sum',
    ...once,
    threshold: 1,
  },
  {
    runbook: 'events-not-stored',
    of: stream,
    severity: 2,
    meaning: 'Kinesis does not store events in time; their senders are told and have to send them again.',
    metric: { from: 'millrace', name: names.eventsFailed, stream },
    statistic: 'Sum',
    ...usual,
    threshold: 1,
  },
  {
    runbook: 'events-refused',
    of: stream,
    severity: 2,
    meaning: 'Events are refused with 429, because the transform is further behind than it may be.',
    metric: { from: 'millrace', name: names.requestsRefused, stream },
    statistic: 'Sum',
    ...usual,
    threshold: 1,
  },
  {
    runbook: 'shards-throttled',
    of: stream,
    severity: 3,
    meaning: 'Shards get more than they take: one is too hot, or there are too few.',
    metric: { from: 'kinesis', name: 'WriteProvisionedThroughputExceeded', stream },
    statistic: 'Sum',
    ...usual,
    threshold: 1,
  },
];

/** Writes that are turned away hold a shard; writes that meet cost twice. */
const rowAlarms = (stream: string): AlarmDefinition[] => [
  {
    runbook: 'rows-throttled',
    of: stream,
    severity: 2,
    meaning: 'DynamoDB turns writes of rows away, and trying again within the batch does not help.',
    metric: { from: 'millrace', name: names.rowsThrottled, stream },
    statistic: 'Sum',
    ...usual,
    threshold: 1,
  },
  {
    runbook: 'rows-fail',
    of: stream,
    severity: 2,
    meaning: 'Writes of rows get no answer, or another than they should.',
    metric: { from: 'millrace', name: names.rowsFailed, stream },
    statistic: 'Sum',
    ...usual,
    threshold: 10,
  },
  {
    runbook: 'many-conflicts',
    of: stream,
    severity: 3,
    meaning: 'Shards write the same rows at the same time, and do their work twice.',
    metric: { from: 'millrace', name: names.rowConflicts, stream },
    statistic: 'Sum',
    ...usual,
    threshold: 10_000,
  },
];

/** Firehose keeps the stream's records for as long as the stream does, and so does this alarm's patience end before. */
const archiveAlarms = (stream: string, { archive }: EnvironmentSettings): AlarmDefinition[] => [
  {
    runbook: 'archive-behind',
    of: stream,
    severity: 2,
    meaning:
      'Events do not reach the lake: what is not there when the stream forgets it is missing for ever.',
    metric: { from: 'firehose', name: 'DeliveryToS3.DataFreshness', stream },
    statistic: 'Maximum',
    ...usual,
    threshold: 4 * secondsOf(archive.every) + 15 * minutes,
  },
  {
    runbook: 'archive-conversion',
    of: stream,
    severity: 2,
    meaning: 'Events cannot be written as Parquet, and lie in the lake as failures.',
    metric: { from: 'firehose', name: 'FailedConversion.Records', stream },
    statistic: 'Sum',
    ...once,
    threshold: 1,
  },
];

/** Where data is protected, people rely on it: half an hour without an event is none of their doing. */
const silenceAlarms = (stream: string, { data }: EnvironmentSettings): AlarmDefinition[] =>
  data.protected
    ? [
        {
          runbook: 'no-events',
          of: stream,
          severity: 2,
          meaning: 'No event has come for half an hour.',
          metric: { from: 'kinesis', name: 'IncomingRecords', stream },
          statistic: 'Sum',
          periodSeconds: 5 * minutes,
          breaches: 6,
          periods: 6,
          threshold: 0,
          below: true,
          whenSilent: true,
        },
      ]
    : [];

const readAlarms = (service: string): AlarmDefinition[] => [
  {
    runbook: 'entities-failed',
    of: service,
    severity: 2,
    meaning: 'Reads answer that entities failed: their rows could not be read.',
    metric: { from: 'millrace', name: names.entitiesFailed, read: service },
    statistic: 'Sum',
    ...usual,
    threshold: 1,
  },
  {
    runbook: 'slow-reads',
    of: service,
    severity: 3,
    meaning: 'One read in a hundred takes longer than ranking should wait.',
    metric: { from: 'millrace', name: names.readLatency, read: service },
    statistic: 'p99',
    ...usual,
    threshold: 200,
  },
];

const apiAlarms: readonly AlarmDefinition[] = [
  {
    runbook: 'reads-fail',
    of: 'features',
    severity: 1,
    meaning: 'Requests for features are answered with errors of ours.',
    metric: { from: 'api', name: '5xx', route: 'features' },
    statistic: 'Sum',
    ...usual,
    threshold: 10,
  },
  {
    runbook: 'ingest-fails',
    of: 'events',
    severity: 1,
    meaning: 'Events are answered with errors of ours; senders keep them only for as long as they can.',
    metric: { from: 'api', name: '5xx', route: 'events' },
    statistic: 'Sum',
    ...usual,
    threshold: 10,
  },
];

const functionAlarms: readonly AlarmDefinition[] = (['ingest', 'serve'] as const).map(name => ({
  runbook: 'functions-throttled',
  of: name,
  severity: 2,
  meaning: 'Lambda runs as many functions at once as it may, and refuses more.',
  metric: { from: 'lambda', name: 'Throttles', function: name },
  statistic: 'Sum',
  ...usual,
  threshold: 1,
}));

const cacheAlarms = (plan: Plan, { cache }: EnvironmentSettings): AlarmDefinition[] =>
  cache.kind === 'none'
    ? []
    : plan.services.map(({ name }) => ({
        runbook: 'cache-silent',
        of: name,
        severity: 3,
        meaning: 'The cache does not answer in time: reads go to DynamoDB, and cost what the cache saves.',
        metric: { from: 'millrace', name: names.cacheUnanswered, read: name },
        statistic: 'Sum',
        ...usual,
        threshold: 1_000,
      }));
