import { encodeRow, type GroupKernel, type Row, ringBytes, type StreamEvent } from '../kernel/index.ts';
import { markName } from './marks.ts';
import type { Clock, RowWrite, ShardPosition, StateStore } from './ports.ts';
import { type RowLimits, rowOf, type SpilledRow, spillHead, tableOf } from './rows.ts';
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
  /** Folds a row's events in; false when that changes nothing, so that nothing is written. */
  fold(row: Row, events: readonly PlacedEvent[], progress: Progress): boolean;
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

  return async ({ kernel, lists, fold, settled }) => {
    const table = tableOf(kernel.group);
    let waiting = lists;
    for (let attempt = 0; waiting.size > 0; attempt++) {
      const keys = [...waiting.keys()];
      const stored = await store.read(table, keys);
      // After the rows: a mark at or below this progress can go, and no row can have been written past it since.
      const progress: Progress = new Map(
        [...(await store.readProgress(incarnation))].map(([shard, to]) => [markName(incarnation, shard), to]),
      );

      const writes: RowWrite[] = [];
      const spilled = new Map<string, SpilledRow>();
      const now = clock.now();
      let i = 0;
      for (const [key, events] of waiting) {
        const before = stored[i++] ?? null;
        const row = rowOf(kernel, key, before);
        if (!fold(row, events, progress)) {
          settled?.(events);
          continue;
        }
        const expected = before === null ? 0 : before.version;
        let bytes = encodeRow(kernel, row);
        // Only a state can be spilled: a ring stays with the row that judges by it.
        if (bytes.length - ringBytes(row.ring) > limits.headBytes) {
          const spill = await spillHead(kernel, store, key, row, limits);
          spilled.set(key, spill);
          bytes = spill.bytes;
        }
        writes.push({ key, expected, version: Math.max(expected + 1, now), bytes });
      }
      if (spilled.size > 0) {
        await store.writeRuns(
          table,
          [...spilled.values()].flatMap(s => s.created),
        );
      }

      const outcomes = await store.write(table, writes);
      const again = new Map<string, readonly PlacedEvent[]>();
      for (let w = 0; w < writes.length; w++) {
        const { key } = writes[w] as RowWrite;
        const events = waiting.get(key) as readonly PlacedEvent[];
        if (outcomes[w] === 'written') {
          for (const id of spilled.get(key)?.replaced ?? []) graveyard.add(table, id);
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

/** A row that other shards fill as well can be overtaken now and then; one that always is points at a fault. */
const attempts = 20;
