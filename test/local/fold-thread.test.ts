import type { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../lib/adapters/clock.ts';
import { openDataDirectory } from '../../lib/adapters/rocksdb/data-directory.ts';
import { createQuarantine } from '../../lib/adapters/rocksdb/quarantine.ts';
import { createStateStore } from '../../lib/adapters/rocksdb/state-store.ts';
import { createUnappliedStore } from '../../lib/adapters/rocksdb/unapplied.ts';
import {
  count,
  defineFunction,
  definitions,
  entity,
  featureGroup,
  int,
  lastK,
  stream,
  string,
  sum,
  timestamp,
} from '../../lib/define/index.ts';
import { createFoldThread } from '../../lib/local/fold-thread.ts';
import { groupsAside } from '../../lib/local/groups-aside.ts';
import type { LogRecord, StateStore } from '../../lib/runtime/ports.ts';
import { createTransform } from '../../lib/runtime/transform.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const user = entity('user', { keys: { user: string() } });
const song = entity('song', { keys: { song: string() } });
const plays = stream('plays', {
  schema: { id: string(), user: string(), song: string(), ts: timestamp() },
  eventTime: 'ts',
  key: 'user',
  dedupe: { by: 'id', within: '1h' },
});
const groups = [
  featureGroup('users', { entity: user, from: plays, features: () => ({ plays: count().over('7d') }) }),
  featureGroup('songs', { entity: song, from: plays, features: () => ({ plays: count().over('7d') }) }),
  featureGroup('recent', { entity: user, from: plays, features: e => ({ songs: lastK(e.song, 5) }) }),
];
const compiled = definitions({ groups });
const tables = ['users@1', 'songs@1', 'recent@1'];
/** The first of those that are not the home, which `recent` is. */
const theirs = 'songs@1';

const start = Date.UTC(2024, 4, 1, 12);

/** Plays of 40 users and songs, of which some come again, some too late, and some are none. */
function createPlays(): (records: number) => LogRecord[] {
  let sequence = 0;
  return records =>
    Array.from({ length: records }, () => {
      const n = ++sequence;
      const of = n % 17 === 0 ? n - 5 : n;
      const ts = start + of * 1000 - (n % 31 === 0 ? 20 * 86_400_000 : 0);
      const event = { id: `e${of}`, user: `u${(of * 7) % 40}`, song: `s${(of * 13) % 40}`, ts };
      const data = Buffer.from(n % 29 === 0 ? '{"id":' : JSON.stringify(event));
      return { shard: 'a', sequence: n, arrivalTime: start + n * 1000, data };
    });
}

async function openWorld({ path = temporaryDirectory(), thread = true } = {}) {
  const directory = await openDataDirectory(path, { create: true });
  onTestFinished(() => directory.close().catch(() => {}));
  const store = createStateStore(directory);
  let rows = 0;
  const ends: string[] = [];
  const aside = createFoldThread({
    directory,
    plan: compiled.plan,
    leastRecords: 1,
    observe: ({ written }) => {
      for (const { keys } of written.tables) rows += keys.length;
    },
    onEnd: error => ends.push(error.message),
  })('plays', 'plays-1');
  const transform = createTransform({
    ...compiled,
    stream: 'plays',
    incarnation: 'plays-1',
    store,
    quarantine: createQuarantine(directory),
    unapplied: createUnappliedStore(directory),
    clock: systemClock,
    ...(thread ? { aside: aside! } : {}),
  });
  const send = (records: readonly LogRecord[]) => transform({ shard: 'a', records });
  return {
    path,
    directory,
    store,
    send,
    /** How many rows the thread has written. */
    rows: () => rows,
    /** Why it ended before its time. */
    ends,
    /** Sends batches until the thread has its part of them; says how many. */
    async untilItWrites(next: (records: number) => LogRecord[]): Promise<number> {
      for (let batches = 0; ; batches++) {
        if (rows > 0) return batches;
        await send(next(50));
        await new Promise(resolve => setTimeout(resolve, 5));
      }
    },
  };
}

/** All rows, without their versions. */
async function contents(store: StateStore): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const table of tables) {
    const keys: string[] = [];
    for await (const key of store.scan(table)) keys.push(key);
    const rows = await store.read(table, keys.sort());
    for (const [i, key] of keys.entries())
      found.set(`${table} ${key}`, Buffer.from(rows[i]!.bytes).toString('hex'));
  }
  return found;
}

const worker = () => new Promise<Worker>(resolve => (process as NodeJS.EventEmitter).once('worker', resolve));

test('rows are those that one thread makes, and can be read as soon as their batch is done', async () => {
  const [two, one] = [await openWorld(), await openWorld({ thread: false })];
  const [next, same] = [createPlays(), createPlays()];
  const batches = await two.untilItWrites(next);
  for (let i = 0; i < batches; i++) await one.send(same(50));
  for (const records of [50, 400, 1, 1_500]) {
    expect(await two.send(next(records))).toEqual(await one.send(same(records)));
    expect(await contents(two.store)).toEqual(await contents(one.store));
  }
  expect(one.rows()).toBe(0);
  expect(two.rows()).toBeGreaterThan(40);
});

test('of two writes with the same expectation one wins, whichever thread asks', async () => {
  const { store, untilItWrites, send } = await openWorld();
  const next = createPlays();
  await untilItWrites(next);
  const [row] = await store.read(theirs, ['s1']);
  const write = { key: 's1', expected: row!.version, version: row!.version + 1, bytes: row!.bytes };
  const outcomes = await Promise.all([store.write(theirs, [write]), store.write(theirs, [write])]);
  expect(outcomes.flat().sort()).toEqual(['conflict', 'written']);
  expect((await store.read(theirs, ['s1']))[0]!.version).toBe(row!.version + 1);
  // What the thread knew of the row it does not take for the row as it is.
  expect((await send(next(200))).failed).toBe(0);
  expect((await store.read(theirs, ['s1']))[0]!.version).toBeGreaterThan(row!.version + 1);
});

test('when the thread ends, its batch fails, and the first goes on alone with every event counted once', async () => {
  const started = worker();
  const { store, untilItWrites, send, rows, ends } = await openWorld();
  const one = await openWorld({ thread: false });
  const [next, same] = [createPlays(), createPlays()];
  for (let batches = await untilItWrites(next); batches > 0; batches--) await one.send(same(50));
  const batch = next(1_000);
  const sent = send(batch);
  const ended = (await started).terminate();
  await expect(sent).rejects.toThrow(/the thread that folds ended/);
  await ended;
  expect(ends).toEqual([expect.stringContaining('the thread that folds ended')]);
  const before = rows();
  // What it had written of the batch already is not written again.
  expect((await send(batch)).failed).toBe(0);
  await send(next(300));
  expect(rows()).toBe(before);
  await one.send(same(1_000));
  await one.send(same(300));
  expect(await contents(store)).toEqual(await contents(one.store));
});

test('closing waits for what the thread has begun; the batch can be given again', async () => {
  const { path, directory, untilItWrites, send, ends } = await openWorld();
  const one = await openWorld({ thread: false });
  const [next, same] = [createPlays(), createPlays()];
  for (let batches = await untilItWrites(next); batches > 0; batches--) await one.send(same(50));
  const batch = next(1_000);
  const sent = send(batch).catch(() => {});
  await directory.close();
  await sent;
  expect(ends).toEqual([]);
  const { store, send: sendAgain } = await openWorld({ path });
  expect((await sendAgain(batch)).failed).toBe(0);
  await one.send(same(1_000));
  expect(await contents(store)).toEqual(await contents(one.store));
});

test('streams’ homes and groups that call functions stay; the others are shared out by their slots', () => {
  expect([...groupsAside(compiled.plan)]).toEqual(['songs']);
  const options = { version: 1, parameters: [string()], returns: int() } as const;
  const length = defineFunction('length', options, text => text.length);
  const calling = featureGroup('calling', {
    entity: song,
    from: plays,
    features: e => ({ letters: sum(length(e.song)).over('1h', '7d', 'lifetime') }),
  });
  expect([...groupsAside(definitions({ groups: [...groups, calling] }).plan)]).toEqual(['songs', 'users']);
});
