import { compareInShard } from '../../lib/kernel/position.ts';
import type {
  RowWrite,
  ShardProgress,
  StateStore,
  StoredRow,
  WriteOutcome,
} from '../../lib/runtime/ports.ts';

export interface MemoryStateStoreOptions {
  /**
   * Asked before each row is written: what becomes of it instead, or null to let the store judge.
   * `failed` leaves the row as it was; `failed after writing` reports the same, but the write took effect.
   */
  readonly fault?: (
    table: string,
    write: RowWrite,
  ) => Exclude<WriteOutcome, 'written'> | 'failed after writing' | null;
  /** Called before each operation; may wait, so that others come between, or reject, as the store would. */
  readonly before?: (operation: keyof StateStore, tableOrIncarnation: string) => void | Promise<void>;
}

export interface MemoryStateStore extends StateStore {
  /** How often each operation was called, and how many rows it read or wrote. */
  readonly counts: {
    reads: number;
    rowsRead: number;
    writes: number;
    rowsWritten: number;
    conflicts: number;
  };
}

/** A state store in memory that can be made to fail. Two stores over one `memory` see the same rows. */
export function createMemoryStateStore(
  { fault, before }: MemoryStateStoreOptions = {},
  memory: Memory = createMemory(),
): MemoryStateStore {
  const rows = (table: string) => entry(memory.rows, table);
  const runs = (table: string) => entry(memory.runs, table);
  const counts = { reads: 0, rowsRead: 0, writes: 0, rowsWritten: 0, conflicts: 0 };

  function writeRow(table: string, write: RowWrite): WriteOutcome {
    const injected = fault?.(table, write) ?? null;
    if (injected !== null && injected !== 'failed after writing') return injected;
    if ((rows(table).get(write.key)?.version ?? 0) !== write.expected) {
      counts.conflicts++;
      return 'conflict';
    }
    rows(table).set(write.key, { version: write.version, bytes: write.bytes.slice() });
    counts.rowsWritten++;
    return injected === null ? 'written' : 'failed';
  }

  return {
    counts,
    async read(table, keys) {
      await before?.('read', table);
      // As DynamoDB does: whoever reads has to know.
      if (new Set(keys).size < keys.length) throw new TypeError(`table ${table}: keys to read are repeated`);
      counts.reads++;
      counts.rowsRead += keys.length;
      return keys.map(key => {
        const row = rows(table).get(key);
        return row === undefined ? null : { version: row.version, bytes: row.bytes.slice() };
      });
    },
    async write(table, writes) {
      await before?.('write', table);
      counts.writes++;
      return writes.map(write => writeRow(table, write));
    },
    async writeRuns(table, written) {
      await before?.('writeRuns', table);
      for (const { id, bytes } of written) runs(table).set(id, bytes.slice());
    },
    async readRuns(table, ids) {
      await before?.('readRuns', table);
      return ids.map(id => runs(table).get(id)?.slice() ?? null);
    },
    async deleteRuns(table, ids) {
      await before?.('deleteRuns', table);
      for (const id of ids) runs(table).delete(id);
    },
    async readProgress(incarnation) {
      await before?.('readProgress', incarnation);
      return new Map(entry(memory.progress, incarnation));
    },
    async advanceProgress(incarnation, shard, to) {
      await before?.('advanceProgress', incarnation);
      const shards = entry(memory.progress, incarnation);
      const known = shards.get(shard);
      if (known === undefined || compareInShard(known, to) < 0) shards.set(shard, to);
    },
    async readNote(incarnation, name) {
      await before?.('readNote', incarnation);
      return entry(memory.notes, incarnation).get(name) ?? null;
    },
    async writeNote(incarnation, name, text) {
      await before?.('writeNote', incarnation);
      entry(memory.notes, incarnation).set(name, text);
    },
    async *scan(table) {
      await before?.('scan', table);
      yield* [...rows(table).keys()];
    },
  };
}

export interface Memory {
  readonly rows: Map<string, Map<string, StoredRow>>;
  readonly runs: Map<string, Map<string, Uint8Array>>;
  readonly progress: Map<string, Map<string, ShardProgress>>;
  readonly notes: Map<string, Map<string, string>>;
}

export const createMemory = (): Memory => ({
  rows: new Map(),
  runs: new Map(),
  progress: new Map(),
  notes: new Map(),
});

function entry<T>(maps: Map<string, Map<string, T>>, name: string): Map<string, T> {
  let map = maps.get(name);
  if (map === undefined) {
    map = new Map();
    maps.set(name, map);
  }
  return map;
}
