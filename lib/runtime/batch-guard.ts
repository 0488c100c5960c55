import { StoreError } from './errors.ts';
import type { StateStore } from './ports.ts';

/**
 * Cuts batches after one that ended its process, until the record to blame comes alone (crash-guard.ts). On AWS the
 * event source mapping bisects; here each batch is noted before it is tried, and one whose note the progress has not
 * passed is taken up again in parts of a sixteenth, through to its end.
 */
export interface BatchGuard {
  /** How many records the next batch after `after` may have. */
  size(shard: string, after: number | bigint | null): Promise<number>;
  /** To be called before each attempt. */
  begin(shard: string, batch: Attempted): Promise<void>;
  /** What an attempt threw: true where smaller batches are worth a try. */
  failed(shard: string, batch: Attempted, error: unknown): boolean;
}

export interface Attempted {
  readonly after: number | bigint | null;
  readonly records: number;
  readonly last: number | bigint;
}

export interface BatchGuardOptions {
  readonly store: Pick<StateStore, 'readNote' | 'writeNote'>;
  readonly incarnation: string;
  readonly batchRecords: number;
}

export function createBatchGuard({ store, incarnation, batchRecords }: BatchGuardOptions): BatchGuard {
  /** By shard: until the last record of the batch that went wrong, batches have so many records. */
  const careful = new Map<string, { readonly records: number; readonly until: bigint }>();
  const asked = new Set<string>();
  const single = new Map<string, number>();
  const nameOf = (shard: string): string => `batch/${shard}`;

  function shrink(shard: string, { records, last }: Attempted): void {
    const until = careful.get(shard)?.until ?? 0n;
    careful.set(shard, {
      records: Math.max(1, Math.floor(records / 16)),
      until: BigInt(last) > until ? BigInt(last) : until,
    });
  }

  return {
    async size(shard, after) {
      if (!asked.has(shard)) {
        asked.add(shard);
        const note = await store.readNote(incarnation, nameOf(shard));
        const begun = note === null ? null : (JSON.parse(note) as Note);
        // Progress stands where the batch began: it never ended.
        if (begun !== null && begun.after === String(after)) {
          careful.set(shard, { records: begun.records, until: BigInt(begun.until) });
          shrink(shard, { after, records: begun.records, last: BigInt(begun.until) });
        }
      }
      const limit = careful.get(shard);
      if (limit === undefined) return batchRecords;
      if (after === null || BigInt(after) < limit.until) return limit.records;
      careful.delete(shard);
      return batchRecords;
    },
    async begin(shard, { after, records, last }) {
      const until = careful.get(shard)?.until ?? BigInt(last);
      const note: Note = { after: String(after), records, until: until.toString() };
      await store.writeNote(incarnation, nameOf(shard), JSON.stringify(note));
    },
    failed(shard, batch, error) {
      // What the store cannot do now has nothing to do with the records.
      if (error instanceof StoreError) return false;
      const alone = batch.records === 1 ? (single.get(shard) ?? 0) + 1 : 0;
      single.set(shard, alone);
      shrink(shard, batch);
      return alone <= mostAlone;
    },
  };
}

/** One more than makes the crash guard set the record aside. */
const mostAlone = 4;

interface Note {
  readonly after: string;
  readonly records: number;
  readonly until: string;
}
