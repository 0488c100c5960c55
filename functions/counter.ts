import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { metricDimensions, metricNamespace } from '../lib/runtime/metric-names.ts';

/** Counts under names of metric-names.ts, of one value of the counter's dimension. */
export type Counter = (of: string, counts: Readonly<Record<string, number>>) => void;

/** Each call that has something to count writes a line in CloudWatch's embedded metric format. */
export function createCounter(dimension: keyof typeof metricDimensions): Counter {
  const metrics = new Metrics({ namespace: metricNamespace });
  return (of, counts) => {
    const some = Object.entries(counts).filter(([, n]) => n > 0);
    if (some.length === 0) return;
    metrics.addDimension(metricDimensions[dimension], of);
    for (const [name, n] of some) metrics.addMetric(name, MetricUnit.Count, n);
    metrics.publishStoredMetrics();
  };
}
