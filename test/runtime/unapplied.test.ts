import { describe, expect, test } from 'vitest';
import { compileGroup, decodeRow } from '../../lib/kernel/index.ts';
import { mostAttempts } from '../../lib/runtime/crash-guard.ts';
import { StoreError } from '../../lib/runtime/errors.ts';
import { type RedriveUnappliedOptions, redriveUnapplied } from '../../lib/runtime/redrive-unapplied.ts';
import { storedRunId } from '../../lib/runtime/rows.ts';
import {
  createWorld,
  now,
  type Play,
  record,
  settled,
  songHistory,
  songPlays,
  userPlays,
} from '../support/plays.ts';

type World = ReturnType<typeof createWorld>;

const table = 'song_plays@1';
const groups = [userPlays, songPlays];

const rowsOf = (world: World) => world.memory.rows.get(table)!;
const playsOf = async (world: World, group: string) =>
  Object.fromEntries(
    Object.entries(await world.values(group, now + 1)).map(([key, values]) => [key, values.plays_7d]),
  );
const entriesOf = async (world: World) =>
  (await world.unapplied.list({ limit: 100 })).map(
    ({ table, key, reason, position }) => `${table} ${key} ${reason} ${position.sequence}`,
  );
const give = (world: World, ...plays: (readonly [sequence: number, play?: Play])[]) =>
  world.transform({ shard: 'a', records: plays.map(([sequence, play]) => record(sequence, play)) });
const redrive = (world: World, options: Partial<RedriveUnappliedOptions> = {}) => {
  const { plan, functions, store, unapplied } = world;
  return redriveUnapplied({ plan, functions, store, unapplied, clock: { now: () => now }, ...options });
};
const read = async (world: World, song = 's1') =>
  (await world.reader.readGroup('song_plays', [{ song }], { asOf: now + 1 })).entities[0]!;

const playAt = (i: number): Play => ({ user: `u${i}`, ms: 1000 * i, ts: now - (6 - i) * 20 * 60_000 });

/** Changes a row's bytes as a bad disk would; gives them back as they were. */
function corrupt(world: World, key = 's1', at = 0, value = 200): Uint8Array {
  const row = rowsOf(world).get(key)!;
  const whole = row.bytes.slice();
  const bytes = row.bytes.slice();
  // A codec that never was: no newer release can be to blame.
  bytes[at] = at === 0 ? 0 : value;
  rowsOf(world).set(key, { ...row, bytes });
  return whole;
}

describe('a row whose bytes are corrupt', () => {
  test('does not hold its shard: its events are set aside, all others counted', async () => {
    const world = createWorld({ groups });
    await give(world, [1], [2, { song: 's2' }]);
    corrupt(world);
    expect(await give(world, [3], [4, { song: 's2' }], [5])).toEqual({ ...settled, accepted: 3 });
    expect(await world.progress()).toMatchObject({ sequence: 5 });
    expect(await playsOf(world, 'user_plays')).toEqual({ u1: 5 });
    expect((await read(world, 's2')).values).toMatchObject({ plays_7d: 2 });
    expect(await entriesOf(world)).toEqual([`${table} s1 corrupt 3`, `${table} s1 corrupt 5`]);
  });

  test('is found so by what needs the byte that is wrong, and neither holds its shard nor loses an event', async () => {
    const table = 'song_history@1';
    const plays = Array.from({ length: 6 }, (_, i) => [i + 1, playAt(i)] as const);
    const values = async (world: World) => (await world.values('song_history', now + 1)).s1;
    const calm = createWorld({ groups: [songHistory] });
    await give(calm, ...plays);
    const stored = calm.memory.rows.get(table)!.get('s1')!;
    // Of another action, by another user, and late: it needs some of the row's parts and leaves others as they are.
    const more = [7, { user: 'u9', action: 'finish', ts: now - 2 * 3_600_000 }] as const;
    await give(calm, more);
    const whole = await values(calm);
    let found = 0;
    for (let at = 2; at < stored.bytes.length; at++) {
      const world = createWorld({ groups: [songHistory] });
      await give(world, ...plays);
      const rows = world.memory.rows.get(table)!;
      const { bytes, version } = rows.get('s1')!;
      rows.set('s1', { version, bytes: bytes.map((byte, i) => (i === at ? byte ^ 0x80 : byte)) });
      expect(await give(world, more), `byte ${at}`).toEqual({ ...settled, accepted: 1 });
      const [kept] = world.memory.runs.get(table)?.keys() ?? [];
      if (kept === undefined) continue;
      found++;
      expect(await entriesOf(world)).toEqual([`${table} s1 corrupt 7`]);
      expect((await redrive(world)).waiting).toHaveLength(1);
      world.memory.runs.get(table)!.set(kept, bytes);
      expect(await redrive(world)).toEqual({ applied: 1, settled: 0, waiting: [] });
      expect(await values(world)).toEqual(whole);
    }
    expect(found).toBeGreaterThan(stored.bytes.length / 4);
  });

  test('is failed to readers, which are told why, and never unknown', async () => {
    const world = createWorld({ groups });
    await give(world, [1]);
    corrupt(world);
    const before = await read(world);
    await give(world, [2]);
    const after = await read(world);
    expect([before.status, after.status]).toEqual(['failed', 'failed']);
    expect(before.values).toEqual({ plays_7d: null });
    expect(after.error).toBe(`table ${table}, row s1: row codec 0: there is none; its events are set aside`);
  });

  test('keeps its unreadable bytes', async () => {
    const world = createWorld({ groups });
    await give(world, [1]);
    corrupt(world);
    const { bytes } = rowsOf(world).get('s1')!;
    await give(world, [2]);
    expect([...world.memory.runs.get(table)!.values()]).toEqual([bytes]);
  });

  test('is given its events once its bytes can be read again', async () => {
    const world = createWorld({ groups });
    await give(world, [1], [2]);
    const whole = corrupt(world);
    await give(world, [3], [4, { song: 's2' }]);
    await give(world, [5]);
    const [kept] = world.memory.runs.get(table)!.keys();
    world.memory.runs.get(table)!.set(kept!, whole);
    expect(await redrive(world)).toEqual({ applied: 2, settled: 0, waiting: [] });
    expect(await playsOf(world, 'song_plays')).toEqual({ s1: 4, s2: 1 });
    expect(await entriesOf(world)).toEqual([]);
    expect([...world.memory.runs.get(table)!.keys()]).toEqual([]);
    expect(await redrive(world)).toEqual({ applied: 0, settled: 0, waiting: [] });
    await give(world, [6]);
    expect(await playsOf(world, 'song_plays')).toEqual({ s1: 5, s2: 1 });
  });

  test('waits while they cannot, and says what to do', async () => {
    const world = createWorld({ groups });
    await give(world, [1]);
    corrupt(world);
    await give(world, [2]);
    const { applied, waiting } = await redrive(world);
    expect(applied).toBe(0);
    expect(waiting).toEqual([
      {
        table,
        key: 's1',
        error:
          'row codec 0: there is none: restore its bytes, or let it begin anew, which gives up what it held',
      },
    ]);
    expect(await entriesOf(world)).toEqual([`${table} s1 corrupt 2`]);
  });

  test('is taken up by its name too, where it lacks nothing', async () => {
    const world = createWorld({ groups });
    await give(world, [1]);
    const whole = corrupt(world);
    await give(world, [2]);
    const [kept] = world.memory.runs.get(table)!.keys();
    world.memory.runs.get(table)!.set(kept!, whole);
    await world.unapplied.remove((await world.unapplied.list({ limit: 9 })).map(e => e.id));
    expect(await redrive(world)).toEqual({ applied: 0, settled: 0, waiting: [] });
    expect((await read(world)).status).toBe('failed');
    expect(await redrive(world, { table, key: 's1' })).toEqual({ applied: 0, settled: 0, waiting: [] });
    expect((await read(world)).status).toBe('known');
  });

  test('begins anew where it is told to, with the events set aside since', async () => {
    const world = createWorld({ groups });
    await give(world, [1]);
    corrupt(world);
    await give(world, [2], [3]);
    expect(await redrive(world, { startAnew: true })).toEqual({ applied: 2, settled: 0, waiting: [] });
    expect(await playsOf(world, 'song_plays')).toEqual({ s1: 2 });
  });

  test('counts an event once that was in it when its bytes went bad, and in flight', async () => {
    const world = createWorld({ groups });
    const broken = world.newTransform({
      ...world.store,
      advanceProgress: async () => {
        throw new StoreError('unavailable', 'the table is away');
      },
    });
    const records = [record(1), record(2)];
    await expect(broken({ shard: 'a', records })).rejects.toThrow('away');
    const whole = corrupt(world);
    await world.transform({ shard: 'a', records: [...records, record(3)] });
    expect(await entriesOf(world)).toEqual([1, 2, 3].map(n => `${table} s1 corrupt ${n}`));
    const [kept] = world.memory.runs.get(table)!.keys();
    world.memory.runs.get(table)!.set(kept!, whole);
    expect(await redrive(world)).toEqual({ applied: 1, settled: 2, waiting: [] });
    expect(await playsOf(world, 'song_plays')).toEqual({ s1: 3 });
  });

  test('sets an event aside once, however often its batch is given', async () => {
    const world = createWorld({ groups });
    await give(world, [1]);
    corrupt(world);
    const records = [record(2), record(3)];
    const broken = world.newTransform({
      ...world.store,
      advanceProgress: async () => {
        throw new StoreError('unavailable', 'the table is away');
      },
    });
    for (let i = 0; i < 3; i++) await expect(broken({ shard: 'a', records })).rejects.toThrow('away');
    await world.transform({ shard: 'a', records });
    await redrive(world, { startAnew: true });
    expect(await playsOf(world, 'song_plays')).toEqual({ s1: 2 });
  });

  test('fails its batch while its events cannot be kept', async () => {
    let isAway = true;
    const world = createWorld({
      groups,
      beforeUnapplied: () => {
        if (isAway) throw new StoreError('full', 'no space');
      },
    });
    await give(world, [1]);
    corrupt(world);
    expect(await give(world, [2], [3, { song: 's2' }])).toMatchObject({
      failed: 2,
      failures: [2, 3],
      error: new StoreError('full', 'no space'),
    });
    isAway = false;
    expect(await give(world, [2], [3, { song: 's2' }])).toMatchObject({ failed: 0 });
    expect(await entriesOf(world)).toEqual([`${table} s1 corrupt 2`]);
  });

  test('and goes bad again is given all its events once, below both faults', async () => {
    const world = createWorld({ groups });
    const broken = world.newTransform({
      ...world.store,
      advanceProgress: async () => {
        throw new StoreError('unavailable', 'the table is away');
      },
    });
    // In flight through both: in the row, and set aside for either fault.
    await expect(broken({ shard: 'a', records: [record(1), record(2)] })).rejects.toThrow('away');
    corrupt(world);
    await world.transform({ shard: 'b', records: [record(1, {}, { shard: 'b' })] });
    corrupt(world);
    await give(world, [1], [2], [3]);
    for (const [id, bytes] of world.memory.runs.get(table)!)
      world.memory.runs.get(table)!.set(
        id,
        Uint8Array.from(bytes, (byte, i) => (i === 0 ? 1 : byte)),
      );
    expect((await redrive(world)).waiting).toEqual([]);
    expect(await playsOf(world, 'song_plays')).toEqual({ s1: 4 });
    expect(await entriesOf(world)).toEqual([]);
  });

  test('is given events that are set aside while it is redriven', async () => {
    const world = createWorld({ groups });
    await give(world, [1]);
    const whole = corrupt(world);
    await give(world, [2]);
    const [kept] = world.memory.runs.get(table)!.keys();
    world.memory.runs.get(table)!.set(kept!, whole);
    let isFirst = true;
    const store: typeof world.store = {
      ...world.store,
      async read(...args) {
        if (isFirst) await give(world, [3]);
        isFirst = false;
        return world.store.read(...args);
      },
    };
    expect(await redrive(world, { store })).toMatchObject({ applied: 2, waiting: [] });
    expect(await playsOf(world, 'song_plays')).toEqual({ s1: 3 });
  });

  test('leaves entries of attempts alone that are not done yet', async () => {
    const world = createWorld({ groups });
    await give(world, [1]);
    corrupt(world);
    await give(world, [2]);
    // An attempt that kept its event and did not come to write the row.
    const [entry] = await world.unapplied.list({ limit: 1 });
    await world.unapplied.put([{ ...entry!, position: { ...entry!.position, sequence: 3 } }]);
    expect(await redrive(world, { startAnew: true })).toEqual({ applied: 1, settled: 0, waiting: [] });
    expect(await entriesOf(world)).toEqual([`${table} s1 corrupt 3`]);
    await give(world, [3]);
    expect(await playsOf(world, 'song_plays')).toEqual({ s1: 2 });
    expect(await redrive(world)).toEqual({ applied: 0, settled: 1, waiting: [] });
    expect(await playsOf(world, 'song_plays')).toEqual({ s1: 2 });
  });
});

describe('a row that would outgrow an item of the store', () => {
  const small = { headBytes: 300, runBytes: 200, itemBytes: 250 };

  test('sets its events aside until a redrive has room for them', async () => {
    const world = createWorld({ groups: [userPlays, songHistory], limits: small });
    for (let i = 1; i <= 40; i++) {
      const play = { user: `user ${i}`, ts: now - i * 60_000 };
      expect(await give(world, [i, play])).toMatchObject({ accepted: 1, failed: 0 });
    }
    const [first] = await world.unapplied.list({ limit: 1 });
    expect(first).toMatchObject({ reason: 'too-large', table: 'song_history@1', key: 's1' });
    expect(first!.detail).toMatch(
      /^table song_history@1, row s1: it would need an item of \d+ bytes, 250 at most$/,
    );
    expect((await redrive(world, { limits: small })).waiting[0]!.error).toMatch(/item of \d+ bytes/);

    expect((await redrive(world)).waiting).toEqual([]);
    const calm = createWorld({ groups: [userPlays, songHistory] });
    for (let i = 1; i <= 40; i++) await give(calm, [i, { user: `user ${i}`, ts: now - i * 60_000 }]);
    expect(await world.values('song_history', now + 1)).toEqual(await calm.values('song_history', now + 1));
  });
});

describe('a row whose run is lost', () => {
  test('is corrupt once it stays away, and goes on without it when told to', async () => {
    const limits = { headBytes: 200, runBytes: 2_000 };
    const world = createWorld({ groups: [songHistory], limits });
    const give40 = async (from: number) => {
      for (let i = from; i < from + 40; i++)
        await give(world, [i, { user: `user ${i}`, ts: now - (i % 40) * 3_600_000 }]);
    };
    await give40(1);
    const kernel = compileGroup(world.plan, world.plan.groups[0]!);
    const { runs } = decodeRow(kernel, world.memory.rows.get('song_history@1')!.get('s1')!.bytes);
    const lost = storedRunId('s1', runs[0]!.id);
    world.memory.runs.get('song_history@1')!.delete(lost);
    await give40(41);
    expect((await world.unapplied.count()).get('corrupt')).toBeGreaterThan(0);
    expect((await redrive(world)).waiting[0]!.error).toContain(`its run ${lost} is missing`);
    expect((await redrive(world, { startAnew: true })).waiting).toEqual([]);
    const { status } = (await world.reader.readGroup('song_history', [{ song: 's1' }])).entities[0]!;
    expect(status).toBe('known');
  });
});

describe('a record that ends its process', () => {
  /** Gives the record alone, to processes that die of it somewhere between their calls to the store. */
  async function die(world: World, sequence: number, times: number): Promise<void> {
    for (let n = 0; n < times; n++) {
      let calls = 1 + (n % 2);
      const mortal = world.newTransform({
        ...world.store,
        write: async (...args) => {
          const outcomes = await world.store.write(...args);
          if (--calls === 0) throw new Error('out of memory');
          return outcomes;
        },
        read: async (...args) => {
          if (calls === 1) throw new Error('out of memory');
          return world.store.read(...args);
        },
      });
      await expect(mortal({ shard: 'a', records: [record(sequence)] })).rejects.toThrow('out of memory');
    }
  }

  test('is set aside after a few attempts, for the rows that lack it', async () => {
    const world = createWorld({ groups });
    await give(world, [1]);
    await die(world, 2, mostAttempts);
    expect(await give(world, [2])).toMatchObject({ accepted: 1, failed: 0 });
    expect(await world.progress()).toMatchObject({ sequence: 2 });
    const entries = await entriesOf(world);
    // It died of it with one row written, and one not.
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatch(/ crash 2$/);
    await give(world, [3]);
    expect((await redrive(world)).applied).toBe(entries.length);
    expect(await playsOf(world, 'song_plays')).toEqual({ s1: 3 });
    expect(await playsOf(world, 'user_plays')).toEqual({ u1: 3 });
    expect(await redrive(world)).toEqual({ applied: 0, settled: 0, waiting: [] });
  });

  test('is tried on while no record of the stream has passed this code', async () => {
    const world = createWorld({ groups });
    await die(world, 1, mostAttempts + 3);
    expect(await world.unapplied.count()).toEqual(new Map());
    expect(await give(world, [1])).toMatchObject({ accepted: 1 });
    expect(await world.unapplied.count()).toEqual(new Map());
  });

  test('is not blamed for what the store could not do', async () => {
    const world = createWorld({ groups });
    await give(world, [1]);
    const failing = (what: 'read' | 'write') =>
      world.newTransform({
        ...world.store,
        [what]: () => Promise.reject(new StoreError('unavailable', 'no disk')),
      });
    for (let attempt = 0; attempt < 2 * mostAttempts; attempt++) {
      for (const what of ['read', 'write'] as const)
        expect(await failing(what)({ shard: 'a', records: [record(2)] })).toMatchObject({ failed: 1 });
    }
    expect(await give(world, [2])).toMatchObject({ accepted: 1, failed: 0 });
    expect(await world.unapplied.count()).toEqual(new Map());
    expect(await playsOf(world, 'song_plays')).toEqual({ s1: 2 });
  });

  test('is not blamed for what other code did', async () => {
    const world = createWorld({ groups });
    await give(world, [1]);
    await world.store.writeNote(
      'plays-1',
      'attempts/a',
      JSON.stringify({ sequence: '2', code: 'an older release', attempts: 99 }),
    );
    await give(world, [2]);
    expect(await world.unapplied.count()).toEqual(new Map());
    expect(await playsOf(world, 'song_plays')).toEqual({ s1: 2 });
  });
});
