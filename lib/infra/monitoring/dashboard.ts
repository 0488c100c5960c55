import { Duration } from 'aws-cdk-lib';
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  type IWidget,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { Plan } from '../../kernel/plan.ts';
import { metricNames as names } from '../../runtime/metric-names.ts';
import { prices } from '../cost/prices.ts';
import type { Environment } from '../environment/index.ts';
import type { Statistic, WatchedFunction, WatchedMetric } from '../watch/metric.ts';
import { type Graphs, graphsOf } from './graphs.ts';
import type { metricsOf } from './metrics.ts';

export interface DashboardOptions {
  readonly environment: Environment;
  readonly plan: Plan;
  readonly metricOf: ReturnType<typeof metricsOf>;
}

/** The dashboard that the platform is run from; what it shows first is what users would notice first. */
export function createDashboard(scope: Construct, options: DashboardOptions): Dashboard {
  const dashboard = new Dashboard(scope, 'Dashboard', { defaultInterval: Duration.hours(3) });
  const graphs = graphsOf(options.metricOf);
  for (const [title, ...widgets] of sectionsOf(options, graphs)) {
    dashboard.addWidgets(new TextWidget({ markdown: title, width: 24, height: 2 }));
    dashboard.addWidgets(...widgets);
  }
  return dashboard;
}

/** Below, for the alarms know the dashboard. */
export const addAlarms = (dashboard: Dashboard, alarms: readonly Alarm[]): void =>
  dashboard.addWidgets(
    new AlarmStatusWidget({
      title: 'Alarms',
      alarms: [...alarms],
      width: 24,
      height: 2 + Math.ceil(alarms.length / 4),
    }),
  );

type Section = readonly [markdown: string, ...widgets: IWidget[]];

function sectionsOf({ environment, plan }: DashboardOptions, graphs: Graphs): readonly Section[] {
  const { name } = environment;
  const services = plan.services.map(service => service.name);
  return [
    ...plan.streams.flatMap(({ name: stream }): readonly Section[] => [
      [
        `# Millrace ${name}: ${stream}\nEvents that come in, how soon they are features, and what becomes of the others. Each alarm has a section in docs/runbook.md.`,
        graphs.ofStream('Events in', stream, [
          names.eventsAccepted,
          names.eventsRejected,
          names.eventsFailed,
          names.requestsRefused,
        ]),
        graphs.times('Behind (iterator age) and freshness', [
          [{ from: 'lambda', name: 'IteratorAge', function: { transform: stream } }, 'Maximum'],
          [{ from: 'millrace', name: names.freshnessOldest, stream }, 'p99'],
          [{ from: 'millrace', name: names.freshnessNewest, stream }, 'p50'],
        ]),
        graphs.ofStream('Counted, and not', stream, [
          names.eventsFolded,
          names.eventsSkipped,
          names.eventsDuplicate,
          names.eventsLate,
          names.eventsBad,
        ]),
        graphs.ofStream('Set aside', stream, [
          names.eventsQuarantined,
          names.eventsUnapplied,
          names.eventsUnsettled,
          names.batchesFailed,
        ]),
      ],
      [
        `## Rows of ${stream}\nWrites that meet (conflicts) are done again; those that are turned away (throttled) hold their shard.`,
        graphs.ofStream('Rows', stream, [
          names.rowsWritten,
          names.rowConflicts,
          names.rowsThrottled,
          names.rowsFailed,
        ]),
        graphs.perEvent(stream),
        graphs.times('A batch', [
          [{ from: 'millrace', name: names.batchDuration, stream }, 'p50'],
          [{ from: 'millrace', name: names.batchDuration, stream }, 'p99'],
        ]),
        graphs.counts('Stream and archive', [
          { from: 'millrace', name: names.recordsPut, stream },
          { from: 'millrace', name: names.recordsThrottled, stream },
          { from: 'kinesis', name: 'WriteProvisionedThroughputExceeded', stream },
          { from: 'firehose', name: 'DeliveryToS3.Records', stream },
          { from: 'firehose', name: 'FailedConversion.Records', stream },
        ]),
      ],
    ]),
    [
      '## Reads\nAn entity is known, unknown, or failed: its row could not be read.',
      graphs.times(
        'Latency',
        services.flatMap((read): [WatchedMetric, Statistic][] => [
          [{ from: 'millrace', name: names.readLatency, read }, 'p50'],
          [{ from: 'millrace', name: names.readLatency, read }, 'p99'],
        ]),
      ),
      graphs.ofReads('Entities', services, [
        names.entitiesKnown,
        names.entitiesUnknown,
        names.entitiesFailed,
      ]),
      graphs.cacheHits(services),
      graphs.ofReads('Cache', services, [names.cacheHits, names.cacheMisses, names.cacheUnanswered]),
    ],
    [
      '## Functions and the HTTP API',
      ...(['events', 'features'] as const).map(route =>
        graphs.counts(`HTTP, ${route}`, [
          { from: 'api', name: 'Count', route },
          { from: 'api', name: '4xx', route },
          { from: 'api', name: '5xx', route },
        ]),
      ),
      graphs.counts('Errors and throttles', functionsOf(plan).flatMap(failuresOf)),
      graphs.peaks('At once', functionsOf(plan).map(running)),
    ],
    [
      `## What the bill is made of\nDollars an hour, at the prices of ${prices.region} of ${prices.asOf}. \`millrace plan --env ${name} --rate … --entities …\` has all lines.`,
      graphs.dollars(plan),
      ...plan.streams.map(({ name: stream }) =>
        graphs.ofStream(`Units of ${stream}`, stream, [names.writeUnits, names.readUnits]),
      ),
      graphs.counts(
        'Bytes into streams',
        plan.streams.map(({ name: stream }) => ({ from: 'kinesis', name: 'IncomingBytes', stream })),
      ),
      ...plan.streams.map(({ name: stream }) =>
        graphs.ofStream(`Cache, ${stream}`, stream, [names.cachePublished, names.cacheUnpublished]),
      ),
    ],
  ];
}

const functionsOf = ({ streams }: Plan): readonly WatchedFunction[] => [
  'ingest',
  'serve',
  ...streams.map(({ name }) => ({ transform: name })),
];

const failuresOf = (of: WatchedFunction): WatchedMetric[] => [
  { from: 'lambda', name: 'Errors', function: of },
  { from: 'lambda', name: 'Throttles', function: of },
];

const running = (of: WatchedFunction): WatchedMetric => ({
  from: 'lambda',
  name: 'ConcurrentExecutions',
  function: of,
});
