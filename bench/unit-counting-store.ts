import type { ShardPosition, StateStore, StoredRow } from '../lib/runtime/ports.ts';

/** What a table's writes cost in DynamoDB's write units, and what they did. */
export interface WriteCounts {
  /** One for each started KB of each item, runs and failed conditions included. */
  units: number;
  /** Of those, what runs cost. */
  runUnits: number;
  /** Rows written. */
  rows: number;
  runs: number;
  /** Runs read from the store. */
  runsRead: number;
}

export interface UnitCountingStore extends StateStore {
  /** By table, since they were last taken. */
  take(): ReadonlyMap<string, WriteCounts>;
  /** By table: rows, and bytes of rows and of runs. */
  sizes(): ReadonlyMap<string, { rows: number; bytes: number; runBytes: number }>;
}

/** A state store in memory that counts write units. */
export function createUnitCountingStore(): UnitCountingStore {
  const rows = new Map<string, Map<string, StoredRow>>();
  const runs = new Map<string, Map<string, Uint8Array>>();
  const progress = new Map<string, ShardPosition>();
  let counts = new Map<string, WriteCounts>();
  const of = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
    const known = map.get(key) ?? make();
    map.set(key, known);
    return known;
  };
  const rowsOf = (table: string) => of(rows, table, () => new Map<string, StoredRow>());
  const runsOf = (table: string) => of(runs, table, () => new Map<string, Uint8Array>());
  const countsOf = (table: string) =>
    of(counts, table, () => ({ units: 0, runUnits: 0, rows: 0, runs: 0, runsRead: 0 }));

  return {
    async read(table, keys) {
      const found = rowsOf(table);
      return keys.map(key => found.get(key) ?? null);
    },
    async write(table, writes) {
      const found = rowsOf(table);
      const count = countsOf(table);
      return writes.map(({ key, expected, version, bytes }) => {
        count.units += unitsOf(key, bytes);
        if ((found.get(key)?.version ?? 0) !== expected) return 'conflict';
        count.rows++;
        found.set(key, { version, bytes: bytes.slice() });
        return 'written';
      });
    },
    async writeRuns(table, written) {
      const count = countsOf(table);
      for (const { id, bytes } of written) {
        const units = unitsOf(id, bytes);
        count.units += units;
        count.runUnits += units;
        count.runs++;
        runsOf(table).set(id, bytes.slice());
      }
    },
    async readRuns(table, ids) {
      countsOf(table).runsRead += ids.length;
      return ids.map(id => runsOf(table).get(id) ?? null);
    },
    async deleteRuns(table, ids) {
      for (const id of ids) runsOf(table).delete(id);
    },
    readProgress: async () => new Map(progress),
    async advanceProgress(_, shard, to) {
      progress.set(shard, to);
    },
    readNote: async () => null,
    writeNote: async () => {},
    async *scan(table) {
      yield* rowsOf(table).keys();
    },
    take() {
      const taken = counts;
      counts = new Map();
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

/** The key, the version as a number, the bytes, and a letter for the name of each. */
const unitsOf = (key: string, bytes: Uint8Array): number =>
  Math.ceil((key.length + 8 + bytes.length + 3) / 1024);
