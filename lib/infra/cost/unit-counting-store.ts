import { rowItem, runItem, writeUnits } from '../../adapters/dynamodb/items.ts';
import type { ShardProgress, StateStore, StoredRow } from '../../runtime/ports.ts';

/** What a table's writes and strong reads cost in DynamoDB's units, and what they did. */
export interface UnitCounts {
  /** One for each started KB of each item, runs and failed conditions included. */
  units: number;
  /** Of those, what runs cost. */
  runUnits: number;
  /** Rows written. */
  rows: number;
  runs: number;
  /** Runs read from the store. */
  runsRead: number;
  /** One for each started 4 KB of each row and run read, absent ones included. */
  readUnits: number;
}

export interface UnitCountingStore extends StateStore {
  /** By table, since they were last taken. */
  take(): ReadonlyMap<string, UnitCounts>;
  /** What progress and notes took, since it was last taken. */
  takeProgress(): { readonly writeUnits: number; readonly readUnits: number };
  /** By table: rows, and bytes of rows and of runs. */
  sizes(): ReadonlyMap<string, { rows: number; bytes: number; runBytes: number }>;
}

/** A state store in memory that counts what the same calls would cost on DynamoDB. */
export function createUnitCountingStore(): UnitCountingStore {
  const rows = new Map<string, Map<string, StoredRow>>();
  const runs = new Map<string, Map<string, Uint8Array>>();
  const progress = new Map<string, ShardProgress>();
  const notes = new Map<string, string>();
  let counts = new Map<string, UnitCounts>();
  let ofProgress = { writeUnits: 0, readUnits: 0 };
  const of = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
    const known = map.get(key) ?? make();
    map.set(key, known);
    return known;
  };
  const rowsOf = (table: string) => of(rows, table, () => new Map<string, StoredRow>());
  const runsOf = (table: string) => of(runs, table, () => new Map<string, Uint8Array>());
  const countsOf = (table: string) =>
    of(counts, table, () => ({ units: 0, runUnits: 0, rows: 0, runs: 0, runsRead: 0, readUnits: 0 }));

  return {
    async read(table, keys) {
      const found = rowsOf(table);
      const count = countsOf(table);
      return keys.map(key => {
        const row = found.get(key) ?? null;
        count.readUnits += readUnits(key, row?.bytes);
        return row;
      });
    },
    async write(table, writes) {
      const found = rowsOf(table);
      const count = countsOf(table);
      return writes.map(({ key, expected, version, bytes }) => {
        count.units += writeUnits(rowItem({ key, expected, version, bytes }, null));
        if ((found.get(key)?.version ?? 0) !== expected) return 'conflict';
        count.rows++;
        found.set(key, { version, bytes: bytes.slice() });
        return 'written';
      });
    },
    async writeRuns(table, written) {
      const count = countsOf(table);
      for (const { id, bytes } of written) {
        const units = writeUnits(runItem(id, bytes));
        count.units += units;
        count.runUnits += units;
        count.runs++;
        runsOf(table).set(id, bytes.slice());
      }
    },
    async readRuns(table, ids) {
      const count = countsOf(table);
      count.runsRead += ids.length;
      return ids.map(id => {
        const run = runsOf(table).get(id) ?? null;
        count.readUnits += readUnits(id, run ?? undefined);
        return run;
      });
    },
    async deleteRuns(table, ids) {
      const count = countsOf(table);
      for (const id of ids) {
        // A deletion takes what the item took, and a unit where there is none.
        const run = runsOf(table).get(id);
        const units = run === undefined ? 1 : writeUnits(runItem(id, run));
        count.units += units;
        count.runUnits += units;
        runsOf(table).delete(id);
      }
    },
    async readProgress() {
      ofProgress.readUnits++;
      return new Map(progress);
    },
    async advanceProgress(_, shard, to) {
      ofProgress.writeUnits++;
      progress.set(shard, to);
    },
    async readNote(_, name) {
      ofProgress.readUnits++;
      return notes.get(name) ?? null;
    },
    async writeNote(_, name, text) {
      ofProgress.writeUnits++;
      notes.set(name, text);
    },
    async *scan(table) {
      yield* rowsOf(table).keys();
    },
    take() {
      const taken = counts;
      counts = new Map();
      return taken;
    },
    takeProgress() {
      const taken = ofProgress;
      ofProgress = { writeUnits: 0, readUnits: 0 };
      return taken;
    },
    sizes() {
      const sum = (arrays: Iterable<Uint8Array>): number => {
        let bytes = 0;
        for (const array of arrays) bytes += array.length;
        return bytes;
      };
      return new Map(
        [...rows].map(([table, found]) => [
          table,
          {
            rows: found.size,
            bytes: sum([...found.values()].map(row => row.bytes)),
            runBytes: sum(runsOf(table).values()),
          },
        ]),
      );
    },
  };
}

const readUnits = (key: string, bytes: Uint8Array | undefined): number =>
  Math.ceil((key.length + (bytes?.length ?? 0) + itemOverhead) / 4096);

/** The names, the version, a time to live. */
const itemOverhead = 20;
