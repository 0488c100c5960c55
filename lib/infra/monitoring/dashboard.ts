import { Duration } from 'aws-cdk-lib';
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  MathExpression,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { Plan } from '../../kernel/plan.ts';
import { type MetricName, metricNames as names } from '../../runtime/metric-names.ts';
import { prices } from '../cost/prices.ts';
import type { Environment } from '../environment/index.ts';
import type { Statistic, WatchedFunction, WatchedMetric } from '../watch/metric.ts';
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

type Graphs = ReturnType<typeof graphsOf>;

/** The graphs that there are: a quarter of the width each, a point a minute. */
function graphsOf(metricOf: ReturnType<typeof metricsOf>) {
  const periodSeconds = 60;
  const period = Duration.seconds(periodSeconds);
  const of = (metric: WatchedMetric, statistic: Statistic): IMetric =>
    metricOf(metric, { statistic, periodSeconds, label: labelOf(metric, statistic) });
  const graph = (title: string, left: readonly IMetric[], label: string): GraphWidget =>
    new GraphWidget({
      title,
      left: [...left],
      leftYAxis: { min: 0, label, showUnits: false },
      width: 6,
      height: 6,
    });
  const sum = (metric: WatchedMetric): IMetric => of(metric, 'Sum');
  const ofStream = (name: MetricName, stream: string): WatchedMetric => ({ from: 'millrace', name, stream });
  const ratio = (label: string, expression: string, usingMetrics: Record<string, IMetric>): MathExpression =>
    new MathExpression({ expression, usingMetrics, label, period });

  return {
    counts: (title: string, metrics: readonly WatchedMetric[]) => graph(title, metrics.map(sum), 'a minute'),
    peaks: (title: string, metrics: readonly WatchedMetric[]) =>
      graph(
        title,
        metrics.map(metric => of(metric, 'Maximum')),
        'at once',
      ),
    times: (title: string, metrics: readonly (readonly [WatchedMetric, Statistic])[]) =>
      graph(
        title,
        metrics.map(([metric, statistic]) => of(metric, statistic)),
        'ms',
      ),
    ofStream: (title: string, stream: string, of: readonly MetricName[]) =>
      graph(
        title,
        of.map(name => sum(ofStream(name, stream))),
        'a minute',
      ),
    ofReads: (title: string, services: readonly string[], of: readonly MetricName[]) =>
      graph(
        title,
        services.flatMap(read => of.map(name => sum({ from: 'millrace', name, read }))),
        'a minute',
      ),
    perEvent: (stream: string) =>
      graph(
        'Units for an event',
        [
          ratio('write units', 'written / folded', {
            written: sum(ofStream(names.writeUnits, stream)),
            folded: sum(ofStream(names.eventsFolded, stream)),
          }),
          ratio('read units', 'read / folded', {
            read: sum(ofStream(names.readUnits, stream)),
            folded: sum(ofStream(names.eventsFolded, stream)),
          }),
        ],
        'units',
      ),
    cacheHits: (services: readonly string[]) =>
      graph(
        'Rows found in the cache',
        services.map((read, i) =>
          ratio(read, `100 * hits${i} / (hits${i} + misses${i} + unanswered${i})`, {
            [`hits${i}`]: sum({ from: 'millrace', name: names.cacheHits, read }),
            [`misses${i}`]: sum({ from: 'millrace', name: names.cacheMisses, read }),
            [`unanswered${i}`]: sum({ from: 'millrace', name: names.cacheUnanswered, read }),
          }),
        ),
        '%',
      ),
    dollars({ streams, services }: Plan) {
      const hourly = (label: string, price: number, metrics: readonly WatchedMetric[]): MathExpression => {
        const ids = metrics.map((_, i) => `${label.replace(/\W/g, '')}${i}`);
        return ratio(
          label,
          `60 * ${price.toFixed(12)} * (${ids.join(' + ')})`,
          Object.fromEntries(metrics.map((metric, i) => [ids[i]!, sum(metric)])),
        );
      };
      const readUnits: WatchedMetric[] = [
        ...streams.map(({ name }) => ofStream(names.readUnits, name)),
        ...services.map(
          ({ name: read }): WatchedMetric => ({ from: 'millrace', name: names.readUnits, read }),
        ),
      ];
      return graph(
        'Dollars an hour',
        [
          hourly(
            'writes',
            prices.dynamoWriteUnit,
            streams.map(({ name }) => ofStream(names.writeUnits, name)),
          ),
          hourly('reads', prices.dynamoReadUnit, readUnits),
          hourly('requests', prices.httpRequest, [
            { from: 'api', name: 'Count', route: 'events' },
            { from: 'api', name: 'Count', route: 'features' },
          ]),
        ],
        '$',
      );
    },
  };
}

function labelOf(metric: WatchedMetric, statistic: Statistic): string {
  const place =
    'read' in metric
      ? `${metric.read} `
      : 'function' in metric
        ? `${typeof metric.function === 'string' ? metric.function : `transform ${metric.function.transform}`} `
        : '';
  return `${place}${metric.name}${statistic === 'Sum' ? '' : ` ${statistic}`}`;
}
