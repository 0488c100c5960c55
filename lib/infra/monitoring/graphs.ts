import { Duration } from 'aws-cdk-lib';
import { GraphWidget, type IMetric, MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import type { Plan } from '../../kernel/plan.ts';
import { type MetricName, metricNames as names } from '../../runtime/metric-names.ts';
import { prices } from '../cost/prices.ts';
import type { Statistic, WatchedMetric } from '../watch/metric.ts';
import type { metricsOf } from './metrics.ts';

export type Graphs = ReturnType<typeof graphsOf>;

/** The graphs that there are: a quarter of the width each, a point a minute. */
export function graphsOf(metricOf: ReturnType<typeof metricsOf>) {
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
          ratio('write units', `${filled('written')} / folded`, {
            written: sum(ofStream(names.writeUnits, stream)),
            folded: sum(ofStream(names.eventsFolded, stream)),
          }),
          ratio('read units', `${filled('read')} / folded`, {
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
          ratio(
            read,
            `100 * ${filled(`hits${i}`)} / (${['hits', 'misses', 'unanswered'].map(id => filled(`${id}${i}`)).join(' + ')})`,
            {
              [`hits${i}`]: sum({ from: 'millrace', name: names.cacheHits, read }),
              [`misses${i}`]: sum({ from: 'millrace', name: names.cacheMisses, read }),
              [`unanswered${i}`]: sum({ from: 'millrace', name: names.cacheUnanswered, read }),
            },
          ),
        ),
        '%',
      ),
    dollars({ streams, services }: Plan) {
      const hourly = (label: string, price: number, metrics: readonly WatchedMetric[]): MathExpression => {
        const ids = metrics.map((_, i) => `${label.replace(/\W/g, '')}${i}`);
        return ratio(
          label,
          `60 * ${price.toFixed(12)} * (${ids.map(filled).join(' + ')})`,
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

/** What is 0 is not emitted: where there is nothing, expressions would have no value. */
const filled = (id: string): string => `FILL(${id}, 0)`;

function labelOf(metric: WatchedMetric, statistic: Statistic): string {
  const place =
    'read' in metric
      ? `${metric.read} `
      : 'function' in metric
        ? `${typeof metric.function === 'string' ? metric.function : `transform ${metric.function.transform}`} `
        : '';
  return `${place}${metric.name}${statistic === 'Sum' ? '' : ` ${statistic}`}`;
}
