import { type Arrival, arrivalBytes } from '../features/feed/generator/index.ts';
import type { LogRecord } from '../lib/runtime/ports.ts';

/** What arrives in one window, as a shard hands it on. */
export interface FeedBatch {
  readonly shard: string;
  readonly records: readonly LogRecord[];
  readonly arrivals: readonly Arrival[];
  /** When the window ended. */
  readonly now: number;
}

/** Cuts what arrives into batches of one shard, which goes on from call to call: a batch a window, until a time. */
export function createFeedBatches() {
  const shard = 'shardId-000000000003';
  let sequence = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898n;

  return function* batches(
    feed: Iterator<Arrival>,
    { until, windowMs }: { readonly until: number; readonly windowMs: number },
  ): Generator<FeedBatch> {
    let records: LogRecord[] = [];
    let arrivals: Arrival[] = [];
    for (let end = 0; ; ) {
      const { value: arrival } = feed.next() as { value: Arrival };
      const { arrivalTime } = arrival;
      if (arrivalTime >= end || arrivalTime >= until) {
        yield { shard, records, arrivals, now: arrivalTime };
        records = [];
        arrivals = [];
        end = arrivalTime + windowMs;
      }
      if (arrivalTime >= until) return;
      records.push({ shard, sequence: ++sequence, arrivalTime, data: arrivalBytes(arrival) });
      arrivals.push(arrival);
    }
  };
}
