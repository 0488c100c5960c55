import { describe, expect, test } from 'vitest';
import { compileGroup, decodeRow, encodeRow } from '../../lib/kernel/index.ts';
import { createReader } from '../../lib/runtime/read.ts';
import { type RowLimits, storedRunId, wholeState } from '../../lib/runtime/rows.ts';
import { readTimeout } from '../../lib/runtime/run-graveyard.ts';
import { randomOf } from '../kernel/build.ts';
import { createWorld, now, record, songHistory, type World } from '../support/plays.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const begin = now - 40 * day;
const table = 'song_history@1';

/** Thousands of plays of three songs over forty days, some late by up to three, in batches of one shard. */
function history(events: number, batchSize: number, seed = 1) {
  const random = randomOf(seed);
  const step = Math.floor((40 * day) / events);
  const records = Array.from({ length: events }, (_, i) => {
    const arrivalTime = begin + i * step + Math.floor(random() * step);
    const late = random() < 0.05 ? Math.floor(random() * 3 * day) : 0;
    const play = {
      user: `user-${Math.floor(random() ** 2 * 400)}`,
      song: ['hit', 'hit', 'hit', 'other', 'rare'][Math.floor(random() * 5)] as string,
      action: random() < 0.5 ? 'start' : 'finish',
      ms: Math.floor(random() * 1e6),
      ts: arrivalTime - late,
    };
    return record(i + 1, play, { arrivalTime });
  });
  return Array.from({ length: Math.ceil(events / batchSize) }, (_, i) => ({
    shard: 'a',
    records: records.slice(i * batchSize, (i + 1) * batchSize),
  }));
}

const worldWith = (limits: RowLimits | undefined, more: World = {}) =>
  createWorld({ groups: [songHistory], ...(limits === undefined ? {} : { limits }), ...more });

const huge: RowLimits = { headBytes: 10_000_000, runBytes: 10_000_000 };
const tiny: RowLimits = { headBytes: 200, runBytes: 1_000 };

/** What each row is made of, and how large it would be in one piece. */
function anatomy(world: ReturnType<typeof createWorld>) {
  const kernel = compileGroup(world.plan, world.plan.groups[0]!);
  const runs = world.memory.runs.get(table) ?? new Map<string, Uint8Array>();
  return [...(world.memory.rows.get(table) ?? [])].map(([key, stored]) => {
    const row = decodeRow(kernel, stored.bytes);
    const own = row.runs.map(run => runs.get(storedRunId(key, run.id)) ?? null);
    const whole = wholeState(kernel, row, own);
    if (whole === null) throw new Error(`${key} names a run that is not there`);
    const canonical = encodeRow(kernel, { ...row, runs: [], state: kernel.decode(kernel.encode(whole)) });
    return {
      key,
      bytes: stored.bytes.length,
      runs: row.runs.map(run => ({ ...run, id: storedRunId(key, run.id) })),
      runBytes: own.reduce((sum, run) => sum + run!.length, 0),
      largestRun: Math.max(0, ...own.map(run => run!.length)),
      canonicalBytes: canonical.length,
    };
  });
}

/** Decayed counts are floating sums: they agree within rounding; everything else exactly. */
function expectSame(actual: Record<string, Record<string, unknown>>, wanted: typeof actual): void {
  const exact = (values: typeof actual) =>
    Object.fromEntries(Object.entries(values).map(([key, { heat_7d: _, ...rest }]) => [key, rest] as const));
  expect(exact(actual)).toEqual(exact(wanted));
  for (const [key, values] of Object.entries(wanted)) {
    expect(actual[key]!.heat_7d).toBeCloseTo(values.heat_7d as number, 9);
  }
}

describe('a row that is split into head and runs', () => {
  test.each([
    { headBytes: 200, runBytes: 400 },
    { headBytes: 200, runBytes: 2_000 },
    { headBytes: 1_000, runBytes: 500 },
  ])('has the values it has in one piece: $headBytes, $runBytes', async limits => {
    const whole = worldWith(huge);
    const split = worldWith(limits);
    for (const [i, batch] of history(4_000, 40).entries()) {
      await whole.transform(batch);
      await split.transform(batch);
      if (i % 9 !== 0) continue;
      const newest = batch.records.at(-1)!.arrivalTime;
      for (const later of [1, 5 * minute, hour, 12 * hour, day, 8 * day, 31 * day]) {
        const asOf = newest + later;
        expectSame(await split.values('song_history', asOf), await whole.values('song_history', asOf));
      }
    }
    expect(anatomy(whole).every(row => row.runs.length === 0)).toBe(true);
    expect(anatomy(split).every(row => row.runs.length > 1)).toBe(true);
  });

  test('stays near the size of the state it stands for', async () => {
    const world = worldWith(tiny);
    for (const [i, batch] of history(6_000, 10).entries()) {
      await world.transform(batch);
      if (i % 3 !== 0) continue;
      for (const { bytes, runs, runBytes, largestRun, canonicalBytes } of anatomy(world)) {
        // A head holds at most what it may, its marks, and the names of its runs.
        expect(bytes).toBeLessThan(tiny.headBytes + 50 + 50 * runs.length);
        expect(runBytes).toBeLessThan(1.5 * canonicalBytes + 10 * tiny.headBytes);
        expect(runs.filter(run => run.level === 0).length).toBeLessThanOrEqual(33);
        expect(runs.filter(run => run.level === 1).length).toBeLessThan(5 + canonicalBytes / 400);
        expect(largestRun).toBeLessThanOrEqual(tiny.runBytes);
      }
    }
  });

  test('names every run by its true size, and ids are never used again', async () => {
    const seen = new Set<string>();
    const world = worldWith(tiny);
    const write = world.store.writeRuns;
    const transform = world.newTransform({
      ...world.store,
      async writeRuns(to, runs) {
        for (const { id } of runs) {
          expect(seen.has(id)).toBe(false);
          seen.add(id);
        }
        await write(to, runs);
      },
    });
    for (const batch of history(1_000, 40)) await transform(batch);
    expect(seen.size).toBeGreaterThan(20);
    for (const { runs, runBytes } of anatomy(world)) {
      expect(runs.reduce((sum, run) => sum + run.bytes, 0)).toBe(runBytes);
    }
  });
});

describe('runs that a row no longer names', () => {
  test('are deleted when no reader can be on its way to them, and none is left over', async () => {
    let time = now;
    const world = worldWith(tiny, { clock: { now: () => time } });
    const batches = history(1_500, 30);
    for (const batch of batches.slice(0, -1)) await world.transform(batch);
    const named = () => anatomy(world).flatMap(row => row.runs.map(run => run.id));
    const stored = () => [...world.memory.runs.get(table)!.keys()];
    // The clock stood still: whatever was replaced is still there.
    expect(stored().length).toBeGreaterThan(2 * named().length);
    const replaced = stored().filter(id => !named().includes(id));
    time += readTimeout - 1;
    await world.transform(batches.at(-1)!);
    expect(stored()).toEqual(expect.arrayContaining(replaced));
    time += readTimeout;
    await world.transform({ shard: 'a', records: [record(10_000, { song: 'new' })] });
    expect(stored().sort()).toEqual(named().sort());
  });

  test('still serve a reader that saw the row before it was rewritten', async () => {
    const world = worldWith(tiny);
    const batches = history(1_500, 30);
    for (const batch of batches.slice(0, -25)) await world.transform(batch);
    const asOf = now + 1;
    const before = await world.values('song_history', asOf);
    const namedBefore = anatomy(world).flatMap(row => row.runs.map(run => run.id));
    const { reads, reader } = readerOver(world, {
      beforeRuns: async () => {
        for (const batch of batches.slice(-25)) await world.transform(batch);
      },
    });
    const result = await reader.readGroup('song_history', [{ song: 'hit' }], { asOf });
    const namedAfter = anatomy(world).flatMap(row => row.runs.map(run => run.id));
    expect(namedBefore.filter(id => !namedAfter.includes(id)).length).toBeGreaterThan(5);
    expect(reads).toEqual(['read 1', expect.stringMatching('readRuns')]);
    expect(result.entities[0]).toEqual({ status: 'known', values: before.hit });
  });

  test('send a reader that is slower still back to the row', async () => {
    let time = now;
    const world = worldWith(tiny, { clock: { now: () => time } });
    const batches = history(1_500, 30);
    for (const batch of batches.slice(0, -25)) await world.transform(batch);
    let isFirst = true;
    const { reads, reader } = readerOver(world, {
      beforeRuns: async () => {
        if (!isFirst) return;
        isFirst = false;
        for (const batch of batches.slice(-25)) {
          await world.transform(batch);
          time += readTimeout;
        }
      },
    });
    const asOf = now + day;
    const result = await reader.readGroup('song_history', [{ song: 'hit' }, { song: 'none' }], { asOf });
    expect(reads.map(call => call.replace(/readRuns .*/, 'readRuns'))).toEqual([
      'read 2',
      'readRuns',
      'read 1',
      'readRuns',
    ]);
    const { hit } = await world.values('song_history', asOf);
    expect(result.entities).toMatchObject([{ status: 'known', values: hit! }, { status: 'unknown' }]);
  });
});

/** A reader whose calls are written down: what was called, for how many keys or ids. */
function readerOver(
  world: ReturnType<typeof createWorld>,
  { beforeRuns }: { readonly beforeRuns?: () => Promise<void> } = {},
) {
  const reads: string[] = [];
  const reader = createReader({
    plan: world.plan,
    clock: { now: () => now },
    store: {
      ...world.store,
      read(from, keys) {
        reads.push(`read ${keys.length}`);
        return world.store.read(from, keys);
      },
      async readRuns(from, ids) {
        reads.push(`readRuns ${ids.length}`);
        await beforeRuns?.();
        return world.store.readRuns(from, ids);
      },
    },
  });
  return { reads, reader };
}

describe('a read of rows with runs', () => {
  test('is one read of the rows and one of all their runs', async () => {
    const world = worldWith(tiny);
    for (const batch of history(1_000, 50)) await world.transform(batch);
    const { reads, reader } = readerOver(world);
    const keys = ['other', 'none', 'hit', 'rare'].map(song => ({ song }));
    const { entities } = await reader.readGroup('song_history', keys, { asOf: now + 1 });
    const runs = anatomy(world).reduce((sum, row) => sum + row.runs.length, 0);
    expect(reads).toEqual(['read 4', `readRuns ${runs}`]);
    const values = await world.values('song_history', now + 1);
    expect(entities.map(e => e.status)).toEqual(['known', 'unknown', 'known', 'known']);
    for (const [i, song] of ['other', null, 'hit', 'rare'].entries()) {
      if (song !== null) expect(entities[i]!.values).toEqual(values[song]);
    }
  });

  test.each([
    ['a run that is gone', null, 'runs that the row names are missing'],
    ['a run that is corrupt', Uint8Array.of(9, 9, 9), 'unknown state form 9 at byte 1'],
    ['an empty run', Uint8Array.of(), 'bytes end at 0, more were expected after 0'],
  ])('fails for the one row that has %s, and never tells it as unknown', async (_, bytes, message) => {
    const world = worldWith(tiny);
    for (const batch of history(1_000, 50)) await world.transform(batch);
    const wanted = await world.values('song_history', now + 1);
    const [run] = anatomy(world).find(row => row.key === 'hit')!.runs;
    const runs = world.memory.runs.get(table)!;
    if (bytes === null) runs.delete(run!.id);
    else runs.set(run!.id, bytes);
    const { reads, reader } = readerOver(world);
    const keys = ['hit', 'other', 'rare'].map(song => ({ song }));
    const { entities } = await reader.readGroup('song_history', keys, { asOf: now + 1 });
    expect(entities[0]).toEqual({
      status: 'failed',
      values: Object.fromEntries(Object.keys(wanted.hit!).map(name => [name, null])),
      error: `table song_history@1, row hit: ${message}`,
    });
    expect(entities.slice(1)).toEqual([
      { status: 'known', values: wanted.other },
      { status: 'known', values: wanted.rare },
    ]);
    // Only a run that is gone can have been replaced: the rows whose runs are there are not read again.
    expect(reads.filter(call => call.startsWith('read '))).toEqual(
      bytes === null ? ['read 3', ...Array(4).fill('read 1')] : ['read 3'],
    );
  });

  test('does not take a row that went away between the reads for one that failed', async () => {
    const world = worldWith(tiny);
    for (const batch of history(1_000, 50)) await world.transform(batch);
    const { reader } = readerOver(world, {
      beforeRuns: async () => {
        world.memory.rows.get(table)!.clear();
        world.memory.runs.get(table)!.clear();
      },
    });
    const { entities } = await reader.readGroup('song_history', [{ song: 'hit' }]);
    expect(entities[0]).toMatchObject({ status: 'unknown', values: { plays_lifetime: 0 } });
  });
});

describe('a write of a row with runs', () => {
  test('whose answer is lost loses no run and counts nothing twice', async () => {
    const random = randomOf(7);
    const world = worldWith(tiny, {
      fault: () => (random() < 0.3 ? 'failed after writing' : random() < 0.2 ? 'failed' : null),
    });
    const calm = worldWith(tiny);
    for (const batch of history(2_000, 20)) {
      expect((await world.transform(batch)).failed).toBe(0);
      await calm.transform(batch);
    }
    expect(anatomy(world).every(row => row.runs.length > 1)).toBe(true);
    expectSame(await world.values('song_history', now + 1), await calm.values('song_history', now + 1));
  });
});
