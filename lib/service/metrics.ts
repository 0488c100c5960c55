import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Quarantine, UnappliedStore } from '../runtime/ports.ts';
import type { ProcessedBatch } from './processor.ts';
import { createRequestMetrics } from './request-metrics.ts';

/** The names of the service's metrics, for those who draw and alarm. Times are seconds, as Prometheus has them. */
export const metricNames = {
  received: 'millrace_events_received_total',
  processed: 'millrace_events_processed_total',
  behind: 'millrace_events_behind',
  freshness: 'millrace_freshness_seconds',
  batch: 'millrace_batch_seconds',
  failures: 'millrace_batch_failures_total',
  quarantined: 'millrace_quarantined_events',
  unapplied: 'millrace_unapplied_events',
  rows: 'millrace_row_writes_total',
  read: 'millrace_read_seconds',
  entities: 'millrace_entities_read_total',
  requests: 'millrace_http_requests_total',
} as const;

export type Metrics = ReturnType<typeof createMetrics>;

/** What the service counts and times of itself, in a registry of its own. */
export function createMetrics(
  quarantine: Pick<Quarantine, 'count'>,
  unapplied: Pick<UnappliedStore, 'count'>,
) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: metricNames.quarantined,
    help: 'Events in quarantine, by reason.',
    labelNames: ['reason'],
    registers,
    async collect() {
      this.reset();
      for (const [reason, count] of await quarantine.count()) this.set({ reason }, count);
    },
  });
  new Gauge({
    name: metricNames.unapplied,
    help: 'Events that rows lack, by reason: `millrace unapplied` shows them.',
    labelNames: ['reason'],
    registers,
    async collect() {
      this.reset();
      for (const [reason, count] of await unapplied.count()) this.set({ reason }, count);
    },
  });
  return {
    registry,
    received: new Counter({
      name: metricNames.received,
      help: 'Events that requests brought: accepted (durable) or rejected (no JSON, or too large).',
      labelNames: ['stream', 'outcome'],
      registers,
    }),
    processed: new Counter({
      name: metricNames.processed,
      help: 'Events processed: counted, skipped (copies, and what was applied before), late or bad.',
      labelNames: ['stream', 'outcome'],
      registers,
    }),
    behind: new Gauge({
      name: metricNames.behind,
      help: 'Records that are durable and not processed yet.',
      labelNames: ['stream'],
      registers,
    }),
    freshness: new Histogram({
      name: metricNames.freshness,
      help: 'From the arrival of an event until its features can be read; once for all events of a millisecond.',
      labelNames: ['stream'],
      buckets: [0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 2, 5, 10, 30, 60],
      registers,
    }),
    batch: new Histogram({
      name: metricNames.batch,
      help: 'Processing of one batch.',
      labelNames: ['stream'],
      buckets: latencies,
      registers,
    }),
    failures: new Counter({
      name: metricNames.failures,
      help: 'Batches of which something failed; they are tried again.',
      labelNames: ['stream'],
      registers,
    }),
    rows: new Counter({
      name: metricNames.rows,
      help: 'Conditional writes of feature rows.',
      labelNames: ['table', 'outcome'],
      registers,
    }),
    ...createRequestMetrics({ registers, names: metricNames, buckets: latencies }),
  };
}

const latencies = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** Counts a batch, and gives the ages (ms) that its arrivals had reached at `now`. */
export function observeBatch(
  metrics: Metrics,
  stream: string,
  { records, counts, milliseconds }: ProcessedBatch,
  now: number,
): readonly number[] {
  metrics.batch.observe({ stream }, milliseconds / 1000);
  metrics.processed.inc({ stream, outcome: 'counted' }, counts.accepted);
  metrics.processed.inc({ stream, outcome: 'skipped' }, counts.skipped);
  metrics.processed.inc({ stream, outcome: 'late' }, counts.late);
  metrics.processed.inc({ stream, outcome: 'bad' }, counts.bad);
  if (counts.failed > 0) {
    metrics.failures.inc({ stream });
    return [];
  }
  const ages: number[] = [];
  let last = -1;
  for (const { arrivalTime } of records) {
    if (arrivalTime === last) continue;
    last = arrivalTime;
    // The clock may have been set back since.
    const age = Math.max(0, now - arrivalTime);
    metrics.freshness.observe({ stream }, age / 1000);
    ages.push(age);
  }
  return ages;
}
