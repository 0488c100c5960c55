import {
  Histogram,
  type HistogramConfiguration,
  type MetricObjectWithValues,
  type MetricType,
  type MetricValueWithName,
} from 'prom-client';

/**
 * A histogram with one label that is added to at every request. prom-client's own `observe` puts labels together each time,
 * which takes as long as all that is done to answer a read that is kept.
 */
export class QuickHistogram<Label extends string> extends Histogram<Label> {
  readonly #config: QuickHistogramConfiguration<Label>;
  readonly #series = new Map<string, Series>();

  constructor(config: QuickHistogramConfiguration<Label>) {
    super({ ...config, labelNames: [config.labelName] });
    this.#config = config;
  }

  add(label: string, x: number): void {
    const { buckets } = this.#config;
    let series = this.#series.get(label);
    if (series === undefined) {
      series = { counts: new Array<number>(buckets.length + 1).fill(0), sum: 0 };
      this.#series.set(label, series);
    }
    let bucket = 0;
    while (bucket < buckets.length && x > buckets[bucket]!) bucket++;
    series.counts[bucket]!++;
    series.sum += x;
  }

  override async get(): Promise<MetricObjectWithValues<MetricValueWithName<Label>>> {
    const { name, help, buckets, labelName } = this.#config;
    const bounds = [...buckets, '+Inf'];
    const values: MetricValueWithName<Label>[] = [];
    for (const [label, { counts, sum }] of this.#series) {
      const labels = { [labelName]: label } as Partial<Record<Label, string>>;
      let count = 0;
      for (const [bucket, le] of bounds.entries()) {
        count += counts[bucket]!;
        values.push({ metricName: `${name}_bucket`, labels: { ...labels, le }, value: count });
      }
      values.push({ metricName: `${name}_sum`, labels, value: sum });
      values.push({ metricName: `${name}_count`, labels, value: count });
    }
    // prom-client declares numbers, and has names.
    const type = 'histogram' as unknown as MetricType;
    return { name, help, type, aggregator: 'sum', collect: () => {}, values };
  }

  /** What a registry asks first for its text, where a metric has it. */
  getForPromString(): Promise<MetricObjectWithValues<MetricValueWithName<Label>>> {
    return this.get();
  }
}

export interface QuickHistogramConfiguration<Label extends string>
  extends Pick<HistogramConfiguration<Label>, 'name' | 'help' | 'registers'> {
  readonly labelName: Label;
  /** Upper bounds, ascending. */
  readonly buckets: number[];
}

interface Series {
  /** By bucket, not those of the buckets below it. */
  readonly counts: number[];
  sum: number;
}
