import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DataDirectory } from '../../../lib/adapters/rocksdb/data-directory.ts';
import type { Database } from '../../../lib/adapters/rocksdb/database.ts';
import {
  createRowCache,
  type KnownRow,
  noRow,
  type TableCache,
} from '../../../lib/adapters/rocksdb/row-cache.ts';
import { createStateStore } from '../../../lib/adapters/rocksdb/state-store.ts';
import { CorruptBytesError, decodeRow } from '../../../lib/kernel/index.ts';
import { StoreError } from '../../../lib/runtime/errors.ts';
import { collect, text } from '../../conformance/harness.ts';
import { randomOf } from '../../kernel/build.ts';
import { rocksdbSubject } from './support.ts';

let subject: Awaited<ReturnType<typeof rocksdbSubject<DataDirectory>>>;
let database: Database;
beforeEach(async () => {
  subject = await rocksdbSubject(directory => directory);
  database = subject.directory().database;
});
afterEach(() => subject.dispose());

const write = (key: string, expected: number, version: number) => ({
  key,
  expected,
  version,
  bytes: Buffer.from(key),
});
const rowKey = Buffer.from('t\0a');

test.each([
  ['empty', Buffer.alloc(0)],
  ['shorter than its header', Buffer.alloc(7, 1)],
  ['of version 0', Buffer.alloc(20)],
  ['of a version that is no number', Buffer.alloc(20, 0xff)],
])('a row that is %s is read as bytes of no codec, and can be replaced', async (_, value) => {
  database.write(batch => batch.put('rows', rowKey, value));
  const store = createStateStore(subject.directory());
  expect(await store.write('t', [write('a', 0, 1), write('b', 0, 1)])).toEqual(['conflict', 'written']);
  const [broken, whole] = await store.read('t', ['a', 'b']);
  expect(() => decodeRow({ read: () => null as never }, broken!.bytes)).toThrow(CorruptBytesError);
  expect(whole!.version).toBe(1);
  expect(await store.write('t', [write('a', broken!.version, 2)])).toEqual(['written']);
  expect((await store.read('t', ['a']))[0]!.version).toBe(2);
});

test('progress that is no position is corrupt', async () => {
  database.write(batch => batch.put('progress', Buffer.from('stream\0shard'), Buffer.from('12')));
  const store = createStateStore(subject.directory());
  await expect(store.readProgress('stream')).rejects.toMatchObject({ reason: 'corrupt' });
});

test('two stores over one directory see each other at once', async () => {
  const [one, other] = [createStateStore(subject.directory()), createStateStore(subject.directory())];
  await one.read('t', ['a']);
  await other.write('t', [write('a', 0, 1)]);
  expect(await one.write('t', [write('a', 0, 2)])).toEqual(['conflict']);
  expect((await one.read('t', ['a']))[0]!.version).toBe(1);
});

test('a read row is not fetched again, a condition on it neither', async () => {
  const store = createStateStore(subject.directory());
  await store.read('t', ['a', 'b']);
  await store.write('t', [write('b', 0, 1)]);
  // Behind the store's back, which no one may do: so it can be told whether it looks.
  database.write(batch => batch.put('rows', rowKey, Buffer.alloc(3)));
  expect(await store.read('t', ['a'])).toEqual([null]);
  expect(await store.write('t', [write('a', 0, 1), write('b', 1, 2)])).toEqual(['written', 'written']);
});

test('a batch that fails leaves rows and conditions as they were', async () => {
  const store = createStateStore(subject.directory());
  await store.write('t', [write('a', 0, 1)]);
  const broken = { key: 'b', expected: 0, version: 1, bytes: null as unknown as Uint8Array };
  await expect(store.write('t', [write('a', 1, 2), broken])).rejects.toThrow();
  expect((await store.read('t', ['a', 'b'])).map(row => row?.version)).toEqual([1, undefined]);
  expect(await store.write('t', [write('a', 2, 3), write('b', 1, 2)])).toEqual(['conflict', 'conflict']);
  expect(await store.write('t', [write('a', 1, 3), write('b', 0, 2)])).toEqual(['written', 'written']);
});

test('a failure of the disk is a StoreError, after which the store looks anew', async () => {
  const directory = subject.directory();
  let failing = false;
  const failingDatabase: Database = {
    ...database,
    write(fill, options) {
      database.write(fill, options);
      // The worst of failures: reported, yet the write took effect.
      if (failing) throw new StoreError('full', 'no space left');
    },
  };
  const store = createStateStore({ ...directory, database: failingDatabase });
  await store.write('t', [write('a', 0, 1)]);
  failing = true;
  await expect(store.write('t', [write('a', 1, 2)])).rejects.toMatchObject({ reason: 'full' });
  failing = false;
  expect((await store.read('t', ['a']))[0]!.version).toBe(2);
  expect(await store.write('t', [write('a', 1, 3)])).toEqual(['conflict']);
});

test('a closed directory takes no rows', async () => {
  const store = createStateStore(subject.directory());
  await subject.directory().close();
  await expect(store.read('t', ['a'])).rejects.toMatchObject({ name: 'StoreError', reason: 'unavailable' });
  await expect(store.write('t', [write('a', 0, 1)])).rejects.toMatchObject({ reason: 'unavailable' });
  await expect(collect(store.scan('t'))).rejects.toMatchObject({ reason: 'unavailable' });
});

describe('the row cache', () => {
  const row = (version: number, size: number) => ({ version, bytes: new Uint8Array(size) });
  const set = (cache: TableCache, key: string, known: KnownRow) => cache.set([key], [known]);
  const get = (cache: TableCache, key: string) => cache.get([key])[0];

  test('keeps the latest, drops the oldest when it is full, and never answers wrongly', () => {
    const cache = createRowCache(100_000).table('t');
    for (let i = 0; i < 5_000; i++) {
      set(cache, `${i}`, row(i + 1, 100));
      set(cache, 'again and again', row(i + 1, 10));
      expect(get(cache, 'again and again')?.version).toBe(i + 1);
    }
    const known = Array.from({ length: 5_000 }, (_, i) => i).filter(i => get(cache, `${i}`) !== undefined);
    for (const i of known) expect(get(cache, `${i}`)).toEqual(row(i + 1, 100));
    expect(known).toEqual(Array.from({ length: known.length }, (_, i) => 5_000 - known.length + i));
    expect(known.length).toBeGreaterThan(200);
    expect(known.length).toBeLessThan(1_000);
  });

  test('leaves the bytes it gave as they were', () => {
    const cache = createRowCache(10_000).table('t');
    set(cache, 'a', { version: 1, bytes: new Uint8Array(50).fill(7) });
    const given = get(cache, 'a')?.bytes;
    for (let i = 0; i < 1_000; i++) set(cache, `${i}`, { version: 1, bytes: new Uint8Array(50).fill(9) });
    expect(given).toEqual(new Uint8Array(50).fill(7));
    expect(get(cache, 'a')).toBeUndefined();
  });

  test('holds its bound while rows grow', () => {
    const cache = createRowCache(100_000).table('t');
    for (let i = 0; i < 50; i++) set(cache, `${i}`, noRow);
    for (let i = 0; i < 50; i++) set(cache, `${i}`, row(2, 10_000));
    const known = Array.from({ length: 50 }, (_, i) => get(cache, `${i}`)).filter(
      found => found !== undefined,
    );
    expect(known.reduce((sum, found) => sum + (found.bytes?.length ?? 0), 0)).toBeLessThanOrEqual(100_000);
    expect(known.length).toBeGreaterThan(5);
  });

  test('keeps the slab that rows were encoded into, with all that it weighs', () => {
    const cache = createRowCache(64 << 20).table('t');
    const slab = new Uint8Array(256 << 10);
    const rows = Array.from({ length: 100 }, (_, i) => ({
      version: i + 1,
      bytes: slab.subarray(i * 1000, i * 1000 + 900).fill(i),
    }));
    const keys = rows.map((_, i) => `${i}`);
    cache.set(keys, rows);
    expect(cache.get(keys)).toEqual(rows);
    expect(cache.get(keys)[7]!.bytes!.buffer).toBe(slab.buffer);
    for (let i = 0; i < 300; i++) set(cache, `other ${i}`, { version: 1, bytes: new Uint8Array(256 << 10) });
    expect(cache.get(keys).every(known => known === undefined)).toBe(true);
  });

  test('gives every key its own row, whatever was asked for before and in which order', () => {
    const seed = 20_260_105;
    const random = randomOf(seed);
    const below = (n: number) => Math.floor(random() * n);
    const cache = createRowCache(60_000).table('t');
    const truth = new Map<string, number>();
    let [right, unknown] = [0, 0];
    for (let step = 1; step < 3_000; step++) {
      const keys = [...new Set(Array.from({ length: 1 + below(12) }, () => `${below(60)}`))];
      const asked = keys.filter(() => below(3) > 0);
      const found = below(2) === 0 ? cache.versions(asked) : cache.get(asked).map(row => row?.version);
      for (const [i, key] of asked.entries()) {
        const version = found[i] ?? Number.NaN;
        if (Number.isNaN(version)) unknown++;
        else if (version === truth.get(key)) right++;
        else throw new Error(`seed ${seed}, step ${step}: row ${key} has version ${version}`);
      }
      const some = keys.filter(() => below(3) > 0);
      if (below(5) === 0) {
        cache.forget(some);
        continue;
      }
      cache.set(
        some,
        some.map(() => row(step, 20 + below(2_000))),
      );
      for (const key of some) truth.set(key, step);
    }
    expect(right).toBeGreaterThan(1_000);
    expect(unknown).toBeGreaterThan(1_000);
  });

  test('forgets one row, and knows it again when told', () => {
    const cache = createRowCache(100_000).table('t');
    set(cache, 'a', noRow);
    set(cache, 'b', row(1, 10));
    cache.forget(['a']);
    cache.forget(['unknown']);
    expect([get(cache, 'a'), get(cache, 'b')?.version]).toEqual([undefined, 1]);
    set(cache, 'a', row(5, 10));
    expect(get(cache, 'a')?.version).toBe(5);
  });

  test('its bound is for all tables together', () => {
    const cache = createRowCache(100_000);
    const tables = Array.from({ length: 50 }, (_, i) => cache.table(`${i}`));
    for (const table of tables) for (let i = 0; i < 20; i++) set(table, `${i}`, row(1, 500));
    const known = tables.flatMap(table => Array.from({ length: 20 }, (_, i) => get(table, `${i}`)));
    expect(known.filter(found => found !== undefined).length).toBeLessThanOrEqual(200);
    expect(get(tables[49]!, '19')?.version).toBe(1);
  });

  test('a row larger than all of it goes with the next one', () => {
    const cache = createRowCache(1_000).table('t');
    set(cache, 'a', row(1, 50_000));
    expect(get(cache, 'a')?.bytes?.length).toBe(50_000);
    set(cache, 'b', row(1, 5_000));
    expect(get(cache, 'a')).toBeUndefined();
  });
});

test('conditions hold for rows that the cache has long dropped', async () => {
  const store = createStateStore(subject.directory(), { cacheBytes: 50_000 });
  const keys = Array.from({ length: 2_000 }, (_, i) => `user ${i}`);
  await store.write(
    't',
    keys.map(key => write(key, 0, 1)),
  );
  expect(
    new Set(
      await store.write(
        't',
        keys.map(key => write(key, 0, 2)),
      ),
    ),
  ).toEqual(new Set(['conflict']));
  expect(
    new Set(
      await store.write(
        't',
        keys.map(key => write(key, 1, 2)),
      ),
    ),
  ).toEqual(new Set(['written']));
  expect(
    (await store.read('t', keys)).every((row, i) => row!.version === 2 && text(row!.bytes) === keys[i]),
  ).toBe(true);
});
