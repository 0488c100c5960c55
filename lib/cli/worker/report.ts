import { addCounts, noCounts, type TransformCounts } from '../../runtime/transform-result.ts';
import type { WorkerEvent } from '../../runtime/worker/worker.ts';

/** What a worker did since it began, but for rates and freshness, which are of late. */
export interface WorkerStatus extends TransformCounts {
  /** Shards that it processes. */
  readonly shards: number;
  readonly records: number;
  /** Events counted a second since the last status. */
  readonly rate: number;
  /** How old (ms) the next record of the shard is that is furthest behind. */
  readonly behindMs: number;
  /** From arrival until features have it, of the records settled since the last status (ms); null where there are none. */
  readonly freshMs: { readonly p50: number; readonly p99: number } | null;
}

/** Adds up what a worker tells of itself. `now` is the wall's clock, which arrivals are stamped by. */
export function createWorkerReport(now: () => number) {
  const behind = new Map<string, number>();
  let counts = noCounts;
  let records = 0;
  let ages: number[] = [];
  let last = { at: now(), accepted: 0 };

  return {
    add(event: WorkerEvent): void {
      if (event.kind === 'trouble') return;
      if (event.kind === 'lease') {
        if (event.change.startsWith('taken')) behind.set(event.shard, 0);
        else behind.delete(event.shard);
        return;
      }
      counts = addCounts(counts, { ...event.result, failed: 0 });
      records += event.records.length;
      if (behind.has(event.shard)) behind.set(event.shard, event.behindMs);
      const time = now();
      for (const { arrivalTime } of event.records) ages.push(Math.max(0, time - arrivalTime));
    },
    status(): WorkerStatus {
      const time = now();
      const rate = ((counts.accepted - last.accepted) * 1_000) / Math.max(1, time - last.at);
      const freshMs = percentiles(ages);
      last = { at: time, accepted: counts.accepted };
      ages = [];
      return {
        ...counts,
        shards: behind.size,
        records,
        rate: Math.round(rate),
        behindMs: Math.max(0, ...behind.values()),
        freshMs,
      };
    },
  };
}

function percentiles(values: readonly number[]): WorkerStatus['freshMs'] {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number => Math.round(sorted[Math.ceil(sorted.length * share) - 1]!);
  return { p50: at(0.5), p99: at(0.99) };
}
