import { setTimeout as sleep } from 'node:timers/promises';
import type { EventOutcome } from '../../lib/adapters/kinesis/outcome.ts';
import { compareInShard } from '../../lib/kernel/position.ts';
import { StoreError } from '../../lib/runtime/errors.ts';
import type { Clock, ShardPosition, ShardProgress } from '../../lib/runtime/ports.ts';

export interface BacklogOptions {
  /** How far the transform is, by shard. */
  readonly readProgress: () => Promise<ReadonlyMap<string, ShardProgress>>;
  /** How long (ms) an event may wait for the transform. */
  readonly limitMs: number;
  readonly clock: Clock;
  /** Told why progress could not be read. */
  readonly onError: (error: unknown) => void;
}

/** What an ingest function knows of how far its stream's transform is behind. */
export interface Backlog {
  /** Notes where events were stored. */
  stored(outcomes: readonly EventOutcome[]): void;
  /** For how long (ms) the oldest event waits that is known to wait longer than it may; null where none is. */
  behindMs(): Promise<number | null>;
}

/**
 * Tells from the stored progress whether events that this process stored itself still wait. That is true of the very
 * shards that it writes to, where an iterator's age in CloudWatch is minutes old, and of a shard that stands still as of
 * one that is slow. A process that has stored nothing yet knows nothing.
 *
 * Of a shard every so often one event is remembered. Progress is read only while one of these is older than the limit,
 * so about once in an eighth of the limit where all is well, and every two seconds where it is not. What cannot be read
 * refuses nothing.
 */
export function createBacklog({ readProgress, limitMs, clock, onError }: BacklogOptions): Backlog {
  const waiting = new Map<string, Sample[]>();
  let readAt = Number.NEGATIVE_INFINITY;
  /** Whether progress could be read last. */
  let reading: Promise<boolean> = Promise.resolve(false);

  const oldest = (): number => {
    let at = Number.POSITIVE_INFINITY;
    for (const [first] of waiting.values()) if (first !== undefined) at = Math.min(at, first.at);
    return at;
  };

  async function prune(): Promise<boolean> {
    try {
      const progress = await inTime(readProgress());
      for (const [shard, samples] of waiting) {
        const done = progress.get(shard);
        if (done === undefined) continue;
        const left = samples.filter(sample => compareInShard(sample, done) > 0);
        if (left.length === 0) waiting.delete(shard);
        else waiting.set(shard, left);
      }
      return true;
    } catch (error) {
      onError(error);
      return false;
    }
  }

  return {
    stored(outcomes) {
      const at = clock.now();
      for (const outcome of outcomes) {
        if (outcome.status === 'failed') continue;
        const { shard, sequence, index } = outcome;
        const samples = waiting.get(shard) ?? [];
        // The last one is the newest event there is; those before it lie apart.
        const before = samples.at(-2);
        if (before !== undefined && at - before.at < limitMs / samplesOfLimit) samples.pop();
        samples.push({ sequence, index, at });
        waiting.set(shard, samples);
      }
    },
    async behindMs() {
      const now = clock.now();
      if (now - oldest() <= limitMs) return null;
      if (now - readAt >= readEvery) {
        readAt = now;
        reading = prune();
      }
      const isKnown = await reading;
      // What has waited too long only since then may have been processed.
      return isKnown && readAt - oldest() > limitMs ? now - oldest() : null;
    },
  };
}

/** Whoever sends events does not wait for a store that hangs. */
function inTime<T>(reading: Promise<T>): Promise<T> {
  const late = sleep(patience, undefined, { ref: false }).then(() => {
    throw new StoreError('unavailable', `progress was not read within ${patience} ms`);
  });
  return Promise.race([reading, late]);
}

const patience = 1_000;

interface Sample extends ShardPosition {
  readonly at: number;
}

const samplesOfLimit = 8;
const readEvery = 2_000;
