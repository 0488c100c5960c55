import { StoreError } from './errors.ts';
import type { EventLog, LogRecord, StateStore } from './ports.ts';

/** What became of the events of one batch, or of many. */
export interface TransformCounts {
  /** Folded into rows. */
  readonly accepted: number;
  /** Applied before, or copies under an id already seen. */
  readonly skipped: number;
  /** Quarantined for their time. */
  readonly late: number;
  /** Quarantined for what they are. */
  readonly bad: number;
  /** Not settled: to be tried again. */
  readonly failed: number;
}

export type Transform = (batch: {
  readonly shard: string;
  readonly records: readonly LogRecord[];
}) => Promise<TransformCounts>;

export const noCounts: TransformCounts = { accepted: 0, skipped: 0, late: 0, bad: 0, failed: 0 };

export const addCounts = (a: TransformCounts, b: TransformCounts): TransformCounts => ({
  accepted: a.accepted + b.accepted,
  skipped: a.skipped + b.skipped,
  late: a.late + b.late,
  bad: a.bad + b.bad,
  failed: a.failed + b.failed,
});

/** Processes all that the log holds beyond the stored progress, and says what became of it. */
export type Drain = () => Promise<TransformCounts>;

export interface DrainOptions {
  readonly stream: string;
  readonly log: EventLog;
  readonly store: StateStore;
  readonly transform: Transform;
  /** Records a batch. Larger ones touch each row less often. */
  readonly batchRecords?: number;
}

/**
 * Feeds a log to its transform in one process, shard by shard: what Lambda's event source mapping does on AWS.
 * Throws StoreError when a batch fails again and again; nothing is lost then, and a later drain goes on.
 */
export function createDrain({ stream, log, store, transform, batchRecords = 10_000 }: DrainOptions): Drain {
  let position: Map<string, number | bigint | null> | null = null;

  const readPosition = async () => {
    const progress = await store.readProgress(log.incarnation);
    return new Map(log.shards.map(shard => [shard, progress.get(shard)?.sequence ?? null]));
  };

  async function settle(shard: string, after: number | bigint | null): Promise<TransformCounts | null> {
    let first: TransformCounts | null = null;
    for (let attempt = 1; ; attempt++) {
      const records = await log.read(shard, after, batchRecords);
      if (records.length === 0) return null;
      const counts = await transform({ shard, records });
      if (counts.failed === 0) {
        position!.set(shard, records.at(-1)!.sequence);
        // Later attempts count what earlier ones settled as applied before.
        return first === null ? counts : { ...first, accepted: first.accepted + first.failed, failed: 0 };
      }
      first ??= counts;
      if (attempt === attempts) {
        throw new StoreError(
          'unavailable',
          `stream ${stream}, ${shard}: ${counts.failed} events after ${after ?? 'the start'} could not be applied in ` +
            `${attempts} attempts; they stay in the log and are tried again by the next run`,
        );
      }
    }
  }

  return async () => {
    position ??= await readPosition();
    let counts = noCounts;
    try {
      for (const shard of log.shards) {
        for (let more = true; more; ) {
          const settled = await settle(shard, position.get(shard) ?? null);
          if (settled === null) more = false;
          else counts = addCounts(counts, settled);
        }
      }
    } catch (error) {
      // How far the failed batch came is for the store to say.
      position = null;
      throw error;
    }
    return counts;
  };
}

/** A store in this process fails for reasons that rarely pass; conflicts the transform settles itself. */
const attempts = 5;
