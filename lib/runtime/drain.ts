import { createBatchGuard } from './batch-guard.ts';
import { StoreError } from './errors.ts';
import type { EventLog, StateStore } from './ports.ts';
import {
  addCounts,
  noCounts,
  type Transform,
  type TransformCounts,
  type TransformResult,
} from './transform-result.ts';

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
 * Throws StoreError when a batch fails again and again; nothing is lost then, and a later drain goes on. A record that
 * makes the transform throw, or ends the process, is found by smaller batches and set aside.
 */
export function createDrain({ stream, log, store, transform, batchRecords = 10_000 }: DrainOptions): Drain {
  const guard = createBatchGuard({ store, incarnation: log.incarnation, batchRecords });
  let position: Map<string, number | bigint | null> | null = null;

  const readPosition = async () => {
    const progress = await store.readProgress(log.incarnation);
    return new Map(log.shards.map(shard => [shard, progress.get(shard)?.sequence ?? null]));
  };

  async function settle(shard: string, after: number | bigint | null): Promise<TransformCounts | null> {
    let first: TransformResult | null = null;
    for (let attempt = 1; ; attempt++) {
      const records = await log.read(shard, after, await guard.size(shard, after));
      if (records.length === 0) return null;
      const batch = { after, records: records.length, last: records.at(-1)!.sequence };
      await guard.begin(shard, batch);
      let result: TransformResult;
      try {
        result = await transform({ shard, records });
      } catch (error) {
        if (guard.failed(shard, batch, error)) continue;
        throw error;
      }
      if (result.failed === 0) {
        position!.set(shard, batch.last);
        // Later attempts count what earlier ones settled as applied before.
        return first === null ? result : { ...first, accepted: first.accepted + first.failed, failed: 0 };
      }
      first ??= result;
      if (attempt >= attempts) {
        const { failed, error } = result;
        throw new StoreError(
          error instanceof StoreError ? error.reason : 'unavailable',
          `stream ${stream}, ${shard}: ${failed} events after ${after ?? 'the start'} could not be applied in ` +
            `${attempts} attempts${error === null ? '' : ` (${error.message})`}; they stay in the log and are tried again by the next run`,
          { cause: error },
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
