import { encodeRow, type GroupKernel, type Row, type StreamEvent, settledBytes } from '../kernel/index.ts';
import { StoreError } from './errors.ts';
import { createIdRuns, type IdsByRun } from './id-runs.ts';
import { markName } from './marks.ts';
import type { Clock, RowWrite, ShardPosition, StateStore } from './ports.ts';
import { type RowLimits, rowOf, runsOf, type StoredRun, spillHead, tableOf } from './rows.ts';
import type { RunGraveyard } from './run-graveyard.ts';

/** An event of a batch with its place in the shard. */
export interface PlacedEvent {
  readonly event: StreamEvent;
  readonly sequence: number | bigint;
  readonly index: number;
  /** Whether it counts; false until the home row has said so, where the stream drops duplicates. */
  counts: boolean;
  /** What the home row says of it, until that row is written. */
  verdict: boolean;
}

/** By the shard's name in marks, the position through which all its rows are written. */
export type Progress = ReadonlyMap<string, ShardPosition>;

/** The rows of one table that a batch touches. */
export interface RowPass {
  readonly kernel: GroupKernel;
  /** The events by row key, in the shard's order. */
  readonly lists: ReadonlyMap<string, readonly PlacedEvent[]>;
  /** Folds a row's events in; false when that changes nothing, so that nothing is written. `ids` are its runs of ids. */
  fold(row: Row, events: readonly PlacedEvent[], progress: Progress, ids: IdsByRun): boolean;
  /** Of home rows: runs of ids that all arrived before this are not needed. */
  readonly oldest?: number;
  /** Called once what `fold` said last of a row holds: it was written, or nothing had to be. */
  settled?(events: readonly PlacedEvent[]): void;
}

export interface RowFolderOptions {
  readonly store: StateStore;
  readonly incarnation: string;
  /** The wall: row versions follow it. */
  readonly clock: Clock;
  readonly limits: RowLimits;
  readonly graveyard: RunGraveyard;
}

/**
 * Reads the rows of a pass, folds, and writes each on the condition that it is still what was read; a row that
 * somebody else wrote meanwhile is read and folded again. Resolves with the events of rows that could not be written.
 */
export function createRowFolder(options: RowFolderOptions): (pass: RowPass) => Promise<PlacedEvent[]> {
  const { store, incarnation, clock, limits, graveyard } = options;
  const idRuns = createIdRuns(store);

  /** Moves to runs what the row's head has too much of. Gives the row's new bytes; its runs go to `created`. */
  async function spill(
    kernel: GroupKernel,
    key: string,
    row: Row,
    created: StoredRun[],
  ): Promise<Uint8Array> {
    const head = kernel.encode(row.state);
    const ids = settledBytes(row.settled);
    // What is in flight, and the names of runs, stay; to move less than this would soon have to be done again.
    if (Math.max(head.length, ids) >= limits.headBytes / 8) {
      if (ids > head.length) created.push(...idRuns.spill(key, row, limits.runBytes));
      else created.push(...(await spillHead(kernel, store, key, row, head, limits)));
    }
    return encodeRow(kernel, row);
  }

  return async ({ kernel, lists, fold, settled, oldest = 0 }) => {
    const table = tableOf(kernel.group);
    let waiting = lists;
    for (let attempt = 0; waiting.size > 0; attempt++) {
      const keys = [...waiting.keys()];
      const stored = await store.read(table, keys);
      const loaded = await idRuns.load(kernel, keys, stored, oldest);
      // After the rows: a mark at or below this progress can go, and no row can have been written past it since.
      const progress: Progress = new Map(
        [...(await store.readProgress(incarnation))].map(([shard, to]) => [markName(incarnation, shard), to]),
      );

      const writes: RowWrite[] = [];
      const created: StoredRun[] = [];
      const replaced = new Map<string, readonly string[]>();
      const again = new Map<string, readonly PlacedEvent[]>();
      const now = clock.now();
      let i = 0;
      for (const [key, events] of waiting) {
        const before = stored[i++] ?? null;
        const ids = loaded.get(key) ?? noIds;
        if (ids instanceof StoreError) throw ids;
        if (ids === 'gone') {
          if (attempt === attempts) throw runMissing(table, key);
          again.set(key, events);
          continue;
        }
        const row = rowOf(kernel, key, before);
        const named = runsOf(key, row);
        if (!fold(row, events, progress, ids)) {
          settled?.(events);
          continue;
        }
        const expected = before === null ? 0 : before.version;
        let bytes = encodeRow(kernel, row);
        if (isTooLarge(key, bytes, limits)) bytes = await spill(kernel, key, row, created);
        if (named.length > 0) {
          const kept = runsOf(key, row);
          replaced.set(
            key,
            named.filter(id => !kept.includes(id)),
          );
        }
        writes.push({ key, expected, version: Math.max(expected + 1, now), bytes });
      }
      if (created.length > 0) await store.writeRuns(table, created);

      const outcomes = await store.write(table, writes);
      for (let w = 0; w < writes.length; w++) {
        const { key } = writes[w] as RowWrite;
        const events = waiting.get(key) as readonly PlacedEvent[];
        if (outcomes[w] === 'written') {
          for (const id of replaced.get(key) ?? []) graveyard.add(table, id);
          settled?.(events);
        } else {
          // Runs created for it stay: a write that seems lost may have taken effect, and the row name them.
          again.set(key, events);
        }
      }
      if (again.size > 0 && attempt === attempts) return [...again.values()].flat();
      waiting = again;
    }
    return [];
  };
}

/** With its key, which the item it becomes holds too. Counting its bytes is spared where they cannot matter. */
const isTooLarge = (key: string, bytes: Uint8Array, { headBytes }: RowLimits): boolean =>
  bytes.length + 3 * key.length > headBytes && bytes.length + Buffer.byteLength(key) > headBytes;

const noIds: IdsByRun = new Map();

const runMissing = (table: string, key: string): StoreError =>
  new StoreError('corrupt', `table ${table}, row ${key}: a run of ids that it names is missing`);

/** A row that other shards fill as well can be overtaken now and then; one that always is points at a fault. */
const attempts = 20;
