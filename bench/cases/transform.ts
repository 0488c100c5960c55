import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../lib/adapters/clock.ts';
import { openDataDirectory } from '../../lib/adapters/rocksdb/data-directory.ts';
import type { Database } from '../../lib/adapters/rocksdb/database.ts';
import { textKey } from '../../lib/adapters/rocksdb/keys.ts';
import { createQuarantine } from '../../lib/adapters/rocksdb/quarantine.ts';
import { createStateStore } from '../../lib/adapters/rocksdb/state-store.ts';
import { createUnappliedStore } from '../../lib/adapters/rocksdb/unapplied.ts';
import { definitions } from '../../lib/define/index.ts';
import type { LogRecord } from '../../lib/runtime/ports.ts';
import { createTransform } from '../../lib/runtime/transform.ts';
import { randomNumbers } from '../random.ts';
import { type Benchmark, clocked, collectGarbage, median, type Result } from '../result.ts';
import { anonymousEngagement, createEvents, engagement, timeOf } from '../workload.ts';

/**
 * The transform of 10,000-event batches into RocksDB rows, 100,000 users, as the stream's handler does it: parse,
 * check, group, read, fold, encode, write on condition, move progress; and the same for a stream with event ids, whose
 * rows remember the ids of an hour, so that copies count once (`.ids`).
 *
 * The floor, on the same disk in the same run, batch by batch in turn: JSON.parse of each record one by one, a native
 * get of every row the batch touches, and a native put of the very bytes that the transform stored there.
 */
export const transform: Benchmark = async ({ runs, shrink, progress }) => {
  const results: Result[] = [];
  const cases = [
    { share: '0.4', active: 4900, ids: false, goal: 0.65 },
    { share: '0.07', active: 700, ids: false, goal: 0.65 },
    { share: '0.4', active: 4900, ids: true, goal: undefined },
    { share: '0.07', active: 700, ids: true, goal: undefined },
  ];
  for (const { share, active, ids, goal } of cases) {
    const id = `transform.${share}${ids ? '.ids' : ''}`;
    const ratios: number[] = [];
    const rates: number[] = [];
    const floors: number[] = [];
    let distinct = 0;
    let bytes = 0;
    for (let run = 0; run < runs; run++) {
      progress(`${id}: run ${run + 1} of ${runs}`);
      const one = await measure({
        ids,
        active: Math.ceil(active / shrink),
        users: Math.ceil(100_000 / shrink),
        batch: Math.ceil(10_000 / shrink),
        progress,
        seed: run + 1,
      });
      ratios.push(one.ratio);
      rates.push(one.rate);
      floors.push(one.floor);
      distinct = one.distinct;
      bytes = one.bytes;
    }
    results.push({
      id,
      value: median(rates),
      unit: 'events/s',
      floor: median(floors),
      note: `${distinct.toFixed(3)} users an event, ${bytes.toFixed(0)} bytes a row; ${share === '0.4' ? 'row codec and RocksDB’s put' : 'parsing and folding'}`,
    });
    results.push({
      id: `${id}.ratio`,
      value: median(ratios),
      unit: 'of floor',
      ...(goal === undefined ? {} : { goal }),
    });
  }
  return results;
};

const plans = {
  with: definitions({ groups: [engagement], services: [] }).plan,
  without: definitions({ groups: [anonymousEngagement], services: [] }).plan,
};

interface Size {
  /** Whether the stream declares ids, so that copies are looked for and dropped. */
  readonly ids: boolean;
  readonly active: number;
  readonly users: number;
  readonly batch: number;
  readonly seed: number;
  readonly progress: (what: string) => void;
}

async function measure({ ids, active, users, batch, seed, progress }: Size) {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const directory = await openDataDirectory(folder, { create: true });
  try {
    const store = createStateStore(directory);
    const quarantine = createQuarantine(directory);
    const apply = createTransform({
      plan: ids ? plans.with : plans.without,
      stream: 'interactions',
      incarnation: 'bench',
      store,
      quarantine,
      unapplied: createUnappliedStore(directory),
      clock: systemClock,
    });
    const random = randomNumbers(seed);
    const event = createEvents(seed);
    let n = 0;

    /** Every user once, at first: the table holds them all. Then batches of users who are active just now. */
    const makeBatch = (pick: (i: number) => number): LogRecord[] =>
      Array.from({ length: batch }, (_, i) => {
        const data = Buffer.from(JSON.stringify(event(n, pick(i))));
        const record = { shard: 'shard-000', sequence: n + 1, arrivalTime: timeOf(n), data };
        n++;
        return record;
      });
    for (let first = 0; first < users; first += batch) {
      await apply({ shard: 'shard-000', records: makeBatch(i => (first + i) % users) });
    }
    fillFloor(directory.database, users);
    const activeBatch = (): LogRecord[] => {
      const crowd = Array.from({ length: active }, () => Math.floor(random() * users));
      return makeBatch(() => crowd[Math.floor(random() * active)] as number);
    };
    // Until rows have the tiles of two hours, and everything is compiled.
    const warm = Math.min(120, Math.ceil((users * 15) / batch));
    for (let i = 0; i < warm; i++) {
      if (i % 20 === 0) progress(`transform: filling rows, ${i} of ${warm} batches`);
      await apply({ shard: 'shard-000', records: activeBatch() });
    }

    const pairs: Pair[] = [];
    let before: Work | null = null;
    for (let i = 0; i < 16; i++) {
      const records = activeBatch();
      collectGarbage();
      const from = performance.now();
      const counts = await apply({ shard: 'shard-000', records });
      const took = performance.now() - from;
      if (counts.accepted !== records.length) throw new Error('the transform did not take all events');
      const keys = [...new Set(records.map(r => JSON.parse(r.data.toString()).user_id as string))];
      const rows = (await store.read('engagement@1', keys)).map(row => Buffer.from(row?.bytes ?? []));
      // The floor of one batch comes after the transform of the next, so that neither finds its records just read.
      if (before !== null) pairs.push({ ...before, floor: floorOf(directory.database, before) });
      before = { records, keys, rows, took };
    }
    const of = (figure: (pair: Pair) => number): number => median(pairs.map(figure));
    return {
      ratio: of(p => p.floor / p.took),
      rate: of(p => (p.records.length / p.took) * 1000),
      floor: of(p => (p.records.length / p.floor) * 1000),
      distinct: of(p => p.keys.length / p.records.length),
      bytes: of(p => p.rows.reduce((sum, row) => sum + row.length, 0) / p.rows.length),
    };
  } finally {
    await directory.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Work {
  readonly records: readonly LogRecord[];
  readonly keys: readonly string[];
  readonly rows: readonly Buffer[];
  readonly took: number;
}

type Pair = Work & { readonly floor: number };

/** Milliseconds of the least that has to happen: parse each record, get each row, put each row's bytes. */
function floorOf(database: Database, { records, keys, rows }: Work): number {
  collectGarbage();
  return clocked(() => {
    for (const record of records) JSON.parse(record.data.toString());
    const rowKeys = keys.map(key => textKey('floor', key));
    database.getMany('rows', rowKeys);
    database.write(batch => {
      for (let i = 0; i < rowKeys.length; i++) batch.put('rows', rowKeys[i] as Buffer, rows[i] as Buffer);
    });
  });
}

/** The floor's own table, as full as the transform's. */
function fillFloor(database: Database, users: number): void {
  const row = Buffer.alloc(300, 7);
  for (let first = 0; first < users; first += 10_000) {
    database.write(batch => {
      const end = Math.min(users, first + 10_000);
      for (let i = first; i < end; i++) batch.put('rows', textKey('floor', `user_${i}`), row);
    });
  }
}
