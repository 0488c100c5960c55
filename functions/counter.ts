import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { type MetricName, metricDimensions, metricNamespace } from '../lib/runtime/metric-names.ts';

/** Amounts under names of metrics. */
export type Amounts = Readonly<Partial<Record<MetricName, number>>>;

/** What is emitted of one value of the counter's dimension: counts, where they are above 0, and times in ms. */
export type Counter = (of: string, counts: Amounts, times?: Amounts) => void;

/** Each call that has something to say writes a line in CloudWatch's embedded metric format. */
export function createCounter(dimension: keyof typeof metricDimensions): Counter {
  // Powertools' own variable; the deployment sets it to the environment's namespace.
  const namespace = process.env.POWERTOOLS_METRICS_NAMESPACE ?? metricNamespace;
  const metrics = new Metrics({ namespace });
  // The name of the function would be a second dimension, and who looks for one alone would find nothing.
  metrics.clearDefaultDimensions();
  return (of, counts, times = {}) => {
    const some = Object.entries(counts).filter(([, n]) => n > 0);
    const timed = Object.entries(times);
    if (some.length + timed.length === 0) return;
    metrics.addDimension(metricDimensions[dimension], of);
    for (const [name, n] of some) metrics.addMetric(name, MetricUnit.Count, n);
    for (const [name, ms] of timed) metrics.addMetric(name, MetricUnit.Milliseconds, ms);
    metrics.publishStoredMetrics();
  };
}

/** Adds amounts up, until they are taken. */
export interface Tally {
  add(name: MetricName, amount: number): void;
  /** All since the last time. */
  take(): Amounts;
}

export function createTally(): Tally {
  let amounts: Partial<Record<MetricName, number>> = {};
  return {
    add(name, amount) {
      amounts[name] = (amounts[name] ?? 0) + amount;
    },
    take() {
      const taken = amounts;
      amounts = {};
      return taken;
    },
  };
}
