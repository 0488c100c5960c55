import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Arrival, arrivalBytes, createFeed } from '../../features/feed/generator/index.ts';
import feed from '../../features/feed/index.ts';
import { systemClock } from '../../lib/adapters/clock.ts';
import { openDataDirectory } from '../../lib/adapters/rocksdb/data-directory.ts';
import type { Database, WriteBatch } from '../../lib/adapters/rocksdb/database.ts';
import { textKey } from '../../lib/adapters/rocksdb/keys.ts';
import { createQuarantine } from '../../lib/adapters/rocksdb/quarantine.ts';
import { createStateStore } from '../../lib/adapters/rocksdb/state-store.ts';
import { createUnappliedStore } from '../../lib/adapters/rocksdb/unapplied.ts';
import { fieldsOfPlace, type WrittenRows } from '../../lib/adapters/rocksdb/written-rows.ts';
import { createFoldThread } from '../../lib/local/fold-thread.ts';
import type { LogRecord, RowWrite, StateStore } from '../../lib/runtime/ports.ts';
import type { StoredRun } from '../../lib/runtime/rows.ts';
import { createTransform } from '../../lib/runtime/transform.ts';
import { type Benchmark, clocked, collectYoungGarbage, median, type Result } from '../result.ts';

/**
 * The transform of the whole feed (features/feed: six groups, ids, copies, late and bad events) in batches of 10,000
 * events into RocksDB, 100,000 users, with the second thread that the local service and `millrace ingest` have.
 *
 * The floor, on the same disk in the same run, batch by batch in turn: JSON.parse of each record one by one, a native
 * get of every row that the transform wrote, and a native put of the very bytes that it wrote, runs included.
 */
export const feedTransform: Benchmark = async ({ runs, shrink, progress }) => {
  const measured: Awaited<ReturnType<typeof measure>>[] = [];
  for (let run = 0; run < runs; run++) {
    progress(`feed-transform: run ${run + 1} of ${runs}`);
    measured.push(await measure(run + 1, shrink));
  }
  const of = (figure: (one: (typeof measured)[number]) => number): number => median(measured.map(figure));
  const results: Result[] = [
    {
      id: 'feed-transform',
      value: of(one => one.rate),
      unit: 'events/s',
      floor: of(one => one.floor),
      note: `${of(one => one.rows).toFixed(2)} rows an event, ${of(one => one.bytes).toFixed(0)} bytes a row`,
    },
    { id: 'feed-transform.ratio', value: of(one => one.ratio), unit: 'of floor', goal: 0.6 },
  ];
  return results;
};

/** A million events: a database of that size is nearer to what a service has than an almost empty one. */
const warmBatches = 100;
const measuredBatches = 20;

async function measure(seed: number, shrink: number) {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const directory = await openDataDirectory(folder, { create: true });
  try {
    const { store, taken, takenOver } = watched(createStateStore(directory));
    const thread = createFoldThread({
      directory,
      plan: feed.plan,
      observe: ({ written }) => takenOver(written),
    });
    const apply = createTransform({
      ...feed,
      stream: 'interactions',
      incarnation: 'bench',
      store,
      quarantine: createQuarantine(directory),
      unapplied: createUnappliedStore(directory),
      clock: systemClock,
      aside: thread('interactions', 'bench')!,
    });
    const nextBatch = batches(seed, shrink);
    for (let i = 0; i < warmBatches; i++) {
      await apply({ shard: 'shard-000', records: nextBatch() });
      // The second thread says that it is ready, as it can whenever a service waits for events.
      await setTimeout(1);
      // The floor's rows are there as the transform's are.
      floorOf(directory.database, { records: [], written: taken() });
    }

    const pairs: Pair[] = [];
    let before: Work | null = null;
    for (let i = 0; i <= measuredBatches; i++) {
      const records = nextBatch();
      collectYoungGarbage();
      const from = performance.now();
      await apply({ shard: 'shard-000', records });
      const took = performance.now() - from;
      // The floor of one batch comes after the transform of the next, so that neither finds its records just read.
      if (before !== null) pairs.push({ ...before, floor: floorOf(directory.database, before) });
      before = { records, written: taken(), took };
    }
    const of = (figure: (pair: Pair) => number): number => median(pairs.map(figure));
    return {
      ratio: of(p => p.floor / p.took),
      rate: of(p => (p.records.length / p.took) * 1000),
      floor: of(p => (p.records.length / p.floor) * 1000),
      rows: of(p => p.written.length / p.records.length),
      bytes: of(p => p.written.reduce((sum, one) => sum + one.bytes.length, 0) / p.written.length),
    };
  } finally {
    await directory.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Written {
  readonly key: string;
  readonly bytes: Uint8Array;
}

interface Work {
  readonly records: readonly LogRecord[];
  readonly written: readonly Written[];
  readonly took: number;
}

type Pair = Work & { readonly floor: number };

/** The store, and what was written to it, by this thread or another, since that was last taken. */
function watched(store: StateStore) {
  // Taken apart later: an object a row would be made, and outlive collections, in the time that is measured.
  let written: { readonly table: string; readonly rows: readonly (RowWrite | StoredRun)[] }[] = [];
  let elsewhere: WrittenRows[] = [];
  return {
    store: {
      ...store,
      write(table, writes) {
        written.push({ table, rows: writes });
        return store.write(table, writes);
      },
      writeRuns(table, runs) {
        written.push({ table, rows: runs });
        return store.writeRuns(table, runs);
      },
    } satisfies StateStore,
    takenOver(rows: WrittenRows) {
      elsewhere.push(rows);
    },
    taken() {
      const here = written.flatMap(({ table, rows }) =>
        rows.map(row => ({ key: `${table} ${'id' in row ? row.id : row.key}`, bytes: row.bytes })),
      );
      const all: Written[] = [...here, ...elsewhere.flatMap(rowsOf)];
      written = [];
      elsewhere = [];
      return all;
    },
  };
}

function rowsOf({ slabs, tables }: WrittenRows): Written[] {
  return tables.flatMap(({ table, keys, places }) =>
    keys.map((key, i) => {
      const at = i * fieldsOfPlace;
      const { memory } = slabs[places[at]!]!;
      return { key: `${table} ${key}`, bytes: new Uint8Array(memory, places[at + 1], places[at + 2]) };
    }),
  );
}

function batches(seed: number, shrink: number): () => LogRecord[] {
  const users = Math.ceil(100_000 / shrink);
  const size = Math.ceil(10_000 / shrink);
  const start = Date.UTC(2026, 0, 5, 18);
  const arrivals: Iterator<Arrival> = createFeed({ seed, users, items: 50_000, authors: 5_000, start });
  let sequence = 0;
  return () =>
    Array.from({ length: size }, () => {
      const arrival = arrivals.next().value as Arrival;
      const data = arrivalBytes(arrival);
      return { shard: 'shard-000', sequence: ++sequence, arrivalTime: arrival.arrivalTime, data };
    });
}

/** Milliseconds of the least that has to happen: parse each record, get each row, put each row's bytes. */
function floorOf(database: Database, { records, written }: Pick<Work, 'records' | 'written'>): number {
  const keys: string[] = [];
  const values: Buffer[] = [];
  for (const { key, bytes } of written) {
    keys.push(key);
    values.push(Buffer.from(bytes));
  }
  collectYoungGarbage();
  return clocked(() => leastWork(database, records, keys, values));
}

/* Functions of the module, for what is made anew for each batch is compiled anew now and then: see decision 0017. */

function leastWork(
  database: Database,
  records: readonly LogRecord[],
  keys: readonly string[],
  values: readonly Buffer[],
): void {
  for (const record of records) parse(record.data);
  const rowKeys: Buffer[] = [];
  for (const key of keys) rowKeys.push(textKey('floor', key));
  database.getMany('rows', rowKeys);
  database.write(batch => putAll(batch, rowKeys, values));
}

function putAll(batch: WriteBatch, keys: readonly Buffer[], values: readonly Buffer[]): void {
  for (let i = 0; i < keys.length; i++) batch.put('rows', keys[i] as Buffer, values[i] as Buffer);
}

function parse(data: Uint8Array): void {
  try {
    JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString());
  } catch {
    // Bad events are among them.
  }
}
