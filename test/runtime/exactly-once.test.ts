import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareInShard, compileGroup, decodeRow, encodeRow } from '../../lib/kernel/index.ts';
import { StoreError } from '../../lib/runtime/errors.ts';
import { markName } from '../../lib/runtime/marks.ts';
import type { LogRecord, StateStore } from '../../lib/runtime/ports.ts';
import type { RowLimits } from '../../lib/runtime/rows.ts';
import {
  createWorld,
  incarnation,
  now,
  type Play,
  playText,
  record,
  songHistory,
  songPlays,
  userPlays,
  type World,
} from '../support/plays.ts';

/**
 * Whatever fails, stops or comes between: every event has its effect once. The oracle is a run in which nothing
 * goes wrong; `songPlays` counts alone are checked against the events themselves.
 */

const groups = [userPlays, songPlays, songHistory];
const tiny: RowLimits = { headBytes: 200, runBytes: 1_000 };
const asOf = now + 1;

const allValues = async (world: ReturnType<typeof createWorld>) =>
  Object.fromEntries(await Promise.all(groups.map(async g => [g.name, await world.values(g.name, asOf)])));

const songCounts = (plays: readonly Play[]) =>
  Object.fromEntries(
    [...Map.groupBy(plays, p => p.song as string)].map(([song, list]) => [song, { plays_7d: list.length }]),
  );

async function undisturbed(batches: readonly Batch[], limits?: RowLimits) {
  const world = createWorld({ groups, ...(limits === undefined ? {} : { limits }) });
  for (const batch of batches) await world.transform(batch);
  return { world, values: await allValues(world) };
}

type Batch = { readonly shard: string; readonly records: readonly LogRecord[] };

describe('a process that dies at any step', () => {
  const plays: Play[] = Array.from({ length: 9 }, (_, i) => ({
    user: `u${i % 2}`,
    song: `s${i % 2}`,
    ms: i,
    ts: now - i * 60_000,
  }));
  const text = (from: number, to: number) => plays.slice(from, to).map(playText).join('\n');
  // Packed and single records, a bad one among them.
  const batches: Batch[] = [
    { shard: 'a', records: [record(1, text(0, 3)), record(2, 'bad'), record(3, plays[3])] },
    { shard: 'a', records: [record(4, plays[4]), record(5, text(5, 9))] },
  ];

  /** Throws at each of the steps, counted over everything the world does: each store call, each row written. */
  function dyingWorld(dieAt: ReadonlySet<number>, limits: RowLimits) {
    let steps = 0;
    const step = () => {
      if (dieAt.has(++steps)) throw new Error(`died at step ${steps}`);
    };
    const faults: World = {
      before: step,
      beforePut: step,
      fault: () => {
        step();
        return null;
      },
    };
    return { world: createWorld({ groups, limits, ...faults }), steps: () => steps };
  }

  /** Gives each batch until it is settled, to a new process each time; how often processes died. */
  async function run(world: ReturnType<typeof createWorld>): Promise<number> {
    let deaths = 0;
    for (const batch of batches) {
      for (let isSettled = false; !isSettled; ) {
        try {
          expect((await world.newTransform()(batch)).failed).toBe(0);
          isSettled = true;
        } catch (error) {
          if (!(error as Error).message.startsWith('died')) throw error;
          deaths++;
        }
      }
    }
    return deaths;
  }

  test.each([
    { name: 'large heads', limits: { headBytes: 16_384, runBytes: 131_072 } },
    { name: 'heads that spill', limits: { headBytes: 60, runBytes: 200 } },
  ])('leaves the values that nothing happening leaves: $name', async ({ limits }) => {
    const { values: wanted, world: calm } = await undisturbed(batches, limits);
    expect(await calm.values('song_plays', asOf)).toEqual(songCounts(plays));
    const quarantined = await calm.quarantined();
    const { world: counted, steps } = dyingWorld(new Set(), limits);
    await run(counted);
    expect(steps()).toBeGreaterThan(20);
    for (let first = 1; first <= steps(); first++) {
      // Dying again a few steps on: in the retry, before it has come as far or just past it.
      for (const again of [0, 1, 4, 9, 15]) {
        const { world } = dyingWorld(new Set([first, first + again]), limits);
        expect(await run(world), `died at ${first}`).toBeGreaterThanOrEqual(1);
        expect(await allValues(world), `died at ${first} and ${again} steps on`).toEqual(wanted);
        expect(await world.quarantined()).toEqual(quarantined);
        expect(await world.progress()).toEqual(await calm.progress());
      }
    }
  });
});

const arbitraryFault = fc.constantFrom('conflict', 'throttled', 'failed', 'failed after writing');

/** Plays of few users and songs on some shards, cut into batches. Tags make every event's sum of `ms` its own. */
const arbitraryBatches = fc
  .array(
    fc.array(
      fc.record({
        user: fc.constantFrom('u1', 'u2', 'u3'),
        song: fc.constantFrom('hit', 'hit', 'hit', 'other'),
        minutesAgo: fc.integer({ min: 0, max: 200 }),
        batchEnds: fc.boolean(),
      }),
      { minLength: 1, maxLength: 12 },
    ),
    { minLength: 2, maxLength: 4 },
  )
  .map(shards =>
    shards.map((events, s) => {
      const batches: LogRecord[][] = [[]];
      for (const [i, { batchEnds, minutesAgo, ...play }] of events.entries()) {
        const ts = now - minutesAgo * 60_000;
        batches.at(-1)!.push(record(i + 1, { ...play, ms: 2 ** i + s, ts }, { shard: `shard-${s}` }));
        if (batchEnds && i < events.length - 1) batches.push([]);
      }
      return batches.map((records): Batch => ({ shard: `shard-${s}`, records }));
    }),
  );

const playsIn = (shards: readonly (readonly Batch[])[]): Play[] =>
  shards.flat().flatMap(b => b.records.map(r => JSON.parse(Buffer.from(r.data).toString())));

describe('writers of one row from several shards', () => {
  test.each([
    { name: 'large heads', limits: { headBytes: 16_384, runBytes: 131_072 } },
    { name: 'heads that spill', limits: tiny },
  ])('count every event once, whatever comes between what: $name', async ({ limits }) => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        arbitraryBatches,
        fc.array(fc.option(arbitraryFault, { freq: 3 }), { maxLength: 20 }),
        async (scheduler, shards, faults) => {
          const pending = [...faults];
          const world = createWorld({
            groups,
            limits,
            before: operation => scheduler.schedule(Promise.resolve(), operation).then(() => {}),
            fault: () => pending.shift() ?? null,
          });
          const runShard = async (batches: readonly Batch[]) => {
            const transform = world.newTransform();
            for (const batch of batches) {
              while ((await transform(batch)).failed > 0);
            }
          };
          await scheduler.waitFor(Promise.all(shards.map(runShard)));
          const { values } = await undisturbed(shards.flat());
          expect(await allValues(world)).toEqual(values);
          expect(await world.values('song_plays', asOf)).toEqual(songCounts(playsIn(shards)));
        },
      ),
      { numRuns: 150 },
    );
  });

  test('never fold past a progress: what it has passed is in the rows', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        arbitraryBatches,
        fc.array(fc.option(arbitraryFault, { freq: 2 }), { maxLength: 60 }),
        async (scheduler, shards, faults) => {
          const pending = [...faults];
          const world = createWorld({
            groups: [songPlays],
            before: operation => scheduler.schedule(Promise.resolve(), operation).then(() => {}),
            fault: () => pending.shift() ?? null,
          });
          const advance = world.faulty.advanceProgress;
          const watched = {
            ...world.faulty,
            async advanceProgress(...[incarnation, shard, to]: Parameters<typeof advance>) {
              await advance(incarnation, shard, to);
              const passed = shards
                .flat()
                .filter(b => b.shard === shard)
                .map(({ records }) => ({
                  shard,
                  records: records.filter(r => compareInShard({ sequence: r.sequence, index: 0 }, to) <= 0),
                }));
              const stored = await world.values('song_plays', asOf);
              for (const [song, { plays_7d: n }] of Object.entries(songCounts(playsIn([passed])))) {
                expect(stored[song]?.plays_7d).toBeGreaterThanOrEqual(n);
              }
            },
          };
          const runShard = async (batches: readonly Batch[]) => {
            for (const batch of batches) while ((await world.newTransform(watched)(batch)).failed > 0);
          };
          await scheduler.waitFor(Promise.all(shards.map(runShard)));
          expect(await world.values('song_plays', asOf)).toEqual(songCounts(playsIn(shards)));
        },
      ),
      { numRuns: 150 },
    );
  });

  test('lose nothing when one is slow from its read to its write', async () => {
    let release = () => {};
    const held = new Promise<void>(resolve => {
      release = resolve;
    });
    const world = createWorld({ groups: [songPlays] });
    const slowStore = {
      ...world.faulty,
      write: async (...args: Parameters<typeof world.faulty.write>) => {
        await held;
        return world.faulty.write(...args);
      },
    };
    const slow = world.newTransform(slowStore)({ shard: 'a', records: [record(1), record(2)] });
    const quick = world.newTransform();
    for (let i = 1; i <= 5; i++) {
      await quick({ shard: 'b', records: [record(i, {}, { shard: 'b' })] });
    }
    release();
    expect(await slow).toMatchObject({ accepted: 2, failed: 0 });
    expect(world.faulty.counts.conflicts).toBe(1);
    expect(await world.values('song_plays')).toEqual({ s1: { plays_7d: 7 } });
  });
});

describe('an attempt that was given up and goes on all the same', () => {
  test('changes nothing, whenever its steps come', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        arbitraryBatches,
        fc.array(fc.option(arbitraryFault, { freq: 5 }), { maxLength: 20 }),
        async (scheduler, shards, faults) => {
          const pending = [...faults];
          const world = createWorld({
            groups,
            limits: tiny,
            before: operation => scheduler.schedule(Promise.resolve(), operation).then(() => {}),
            fault: () => pending.shift() ?? null,
          });
          const givenUp: Promise<unknown>[] = [];
          const runShard = async (batches: readonly Batch[]) => {
            for (const batch of batches) {
              do givenUp.push(world.newTransform()(batch));
              while ((await world.newTransform()(batch)).failed > 0);
            }
          };
          await scheduler.waitFor(Promise.all(shards.map(runShard)).then(() => Promise.all(givenUp)));
          const { values } = await undisturbed(shards.flat());
          expect(await allValues(world)).toEqual(values);
        },
      ),
      { numRuns: 150 },
    );
  });

  /** A store that stands still before its nth call of an operation until told to go on. */
  function holding(store: StateStore, operation: 'read' | 'readProgress' | 'write', nth: number) {
    let calls = 0;
    let goOn = () => {};
    const held = new Promise<void>(resolve => {
      goOn = resolve;
    });
    const call = store[operation] as (...args: unknown[]) => Promise<never>;
    const slow = {
      ...store,
      [operation]: async (...args: unknown[]) => {
        if (++calls === nth) await held;
        return call(...args);
      },
    };
    return { slow, goOn };
  }

  test.each([
    { before: 'read', nth: 1 },
    // The first reading of the progress is for the batch, the second for the rows just read.
    { before: 'readProgress', nth: 2 },
    { before: 'write', nth: 1 },
  ] as const)('finds its events counted and their marks pruned: before $before', async ({ before, nth }) => {
    const world = createWorld({ groups: [songPlays] });
    const { slow, goOn } = holding(world.store, before, nth);
    const batch = { shard: 'a', records: [record(1), record(2)] };
    const zombie = world.newTransform(slow)(batch);
    await world.newTransform()(batch);
    // Another shard's write takes the marks of what progress has passed out of the row.
    await world.newTransform()({ shard: 'b', records: [record(1, {}, { shard: 'b' })] });
    goOn();
    await zombie;
    expect(await world.values('song_plays')).toEqual({ s1: { plays_7d: 3 } });
  });
});

describe('the marks of a row', () => {
  const rowIn = (world: ReturnType<typeof createWorld>, key = 's1') => {
    const kernel = compileGroup(world.plan, world.plan.groups[0]!);
    const stored = world.memory.rows.get('song_plays@1')!.get(key)!;
    const row = decodeRow(kernel, stored.bytes);
    return { row, bytes: stored.bytes.length, bare: encodeRow(kernel, { ...row, marks: [] }).length };
  };

  test('are of the shard that wrote last, however many shards and batches wrote', async () => {
    const world = createWorld({ groups: [songPlays] });
    for (let i = 1; i <= 10; i++) {
      for (let s = 0; s < 30; s++) {
        await world.transform({ shard: `s${s}`, records: [record(i, {}, { shard: `s${s}` })] });
      }
    }
    const { row, bytes, bare } = rowIn(world);
    expect(row.marks).toEqual([{ shard: markName(incarnation, 's29'), sequence: 10, index: 0 }]);
    expect(bytes - bare).toBeLessThan(16);
    expect(await world.values('song_plays')).toEqual({ s1: { plays_7d: 300 } });
  });

  test('stay for batches in flight, and for these alone', async () => {
    let isAway = true;
    const world = createWorld({
      groups: [songPlays],
      before: operation => {
        if (isAway && operation === 'advanceProgress') throw new StoreError('unavailable', 'away');
      },
    });
    const batch = (shard: string, i = 1) => ({ shard, records: [record(i, {}, { shard })] });
    for (const shard of ['a', 'b', 'c']) await expect(world.transform(batch(shard))).rejects.toThrow('away');
    const marked = () => rowIn(world).row.marks.map(m => m.shard);
    const names = (...shards: string[]) => shards.map(shard => markName(incarnation, shard));
    expect(marked()).toEqual(names('a', 'b', 'c'));
    isAway = false;
    await world.newTransform()(batch('a'));
    await world.newTransform()(batch('d'));
    expect(marked()).toEqual(names('b', 'c', 'd'));
    await world.newTransform()(batch('b'));
    await world.newTransform()(batch('c'));
    await world.newTransform()(batch('d', 2));
    expect(rowIn(world).row.marks).toEqual([{ shard: markName(incarnation, 'd'), sequence: 2, index: 0 }]);
    expect(await world.values('song_plays')).toEqual({ s1: { plays_7d: 5 } });
  });

  test('of an earlier life of the stream hide nothing of the next, and go', async () => {
    const world = createWorld({ groups: [songPlays] });
    const batch = (i: number) => ({ shard: 'a', records: [record(i)] });
    for (const i of [4, 5]) await world.transform(batch(i));
    const next = world.newTransform(world.faulty, 'plays-2');
    for (const i of [1, 2, 3]) expect((await next(batch(i))).accepted).toBe(1);
    expect(await world.values('song_plays')).toEqual({ s1: { plays_7d: 5 } });
    expect(rowIn(world).row.marks).toEqual([{ shard: markName('plays-2', 'a'), sequence: 3, index: 0 }]);
  });
});
