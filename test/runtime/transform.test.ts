import { describe, expect, test, vi } from 'vitest';
import { NewerCodecError } from '../../lib/kernel/index.ts';
import { StoreError } from '../../lib/runtime/errors.ts';
import { largestEvent } from '../../lib/runtime/parse-records.ts';
import { createTransform } from '../../lib/runtime/transform.ts';
import {
  createWorld,
  now,
  type Play,
  playText,
  record,
  settled,
  songFinishes,
  songPlays,
  userPlays,
} from '../support/plays.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** How often each user played, as a naive count of what was sent. */
const countBy = (plays: readonly Play[], field: 'user' | 'song') =>
  Object.fromEntries([...Map.groupBy(plays, p => p[field] as string)].map(([k, list]) => [k, list.length]));

const playsOf = async (world: ReturnType<typeof createWorld>, group: string) =>
  Object.fromEntries(Object.entries(await world.values(group)).map(([key, v]) => [key, v.plays_7d]));

describe('a bad event', () => {
  const iso = (time: number) => new Date(time).toISOString();
  test.each<[string, string | Uint8Array, string, string | RegExp]>([
    ['not JSON', '{"user":', 'not-json', /JSON/],
    ['nothing', '', 'not-json', /JSON/],
    ['not UTF-8', Buffer.from('"\xff"', 'latin1'), 'bad-encoding', 'the event is not UTF-8 text'],
    [
      'too large',
      playText({ extra: 'x'.repeat(largestEvent) }),
      'too-large',
      /^the event has 2622\d\d bytes; at most 262144 are read$/,
    ],
    ['no object', '[1]', 'schema', 'expected an object, got a list of 1'],
    ['null', 'null', 'schema', 'expected an object, got null'],
    [
      'a wrong type',
      playText({ ms: '7' }),
      'schema',
      'field ms: expected int (a whole number within ±(2^53 − 1)), got "7"',
    ],
    [
      'a rounded integer',
      playText({ ms: 2 ** 53 }),
      'schema',
      'field ms: expected int (a whole number within ±(2^53 − 1)), got about 9.007e+15',
    ],
    [
      'a value not listed',
      playText({ action: 'skip' }),
      'schema',
      'field action: expected one of "start", "finish", got "skip"',
    ],
    ['a missing field', playText({ action: undefined }), 'schema', 'field action: is missing'],
    ['a null field', playText({ action: null }), 'schema', 'field action: is null'],
    ['no key', playText({ user: undefined }), 'no-key', "field user: the stream's key is missing"],
    ['a null key', playText({ user: null }), 'no-key', "field user: the stream's key is missing"],
    ['an empty key', playText({ user: '' }), 'no-key', "field user: the stream's key is missing"],
    [
      'a time before the stream',
      playText({ ts: '1999-12-31T23:59:59.999Z' }),
      'too-old',
      "field ts: 1999-12-31T23:59:59.999Z is before the stream's first day, 2000-01-01T00:00:00.000Z",
    ],
    [
      'a time to come',
      playText({ ts: now + 5 * minute + 1 }),
      'future',
      `field ts: ${iso(now + 5 * minute + 1)} is more than 5 minutes past arrival, ${iso(now)}`,
    ],
  ])(
    'is set aside with its reason and its bytes, and holds up nothing: %s',
    async (_, bad, reason, detail) => {
      const world = createWorld();
      const counts = await world.transform({ shard: 'a', records: [record(1), record(2, bad), record(3)] });
      const late = reason === 'future' ? 1 : 0;
      expect(counts).toEqual({ ...settled, accepted: 2, late, bad: 1 - late });
      expect(await world.quarantined()).toEqual([
        {
          stream: 'plays',
          position: { shard: 'a', sequence: 2, index: 0 },
          arrivalTime: now,
          reason,
          detail: typeof detail === 'string' ? detail : expect.stringMatching(detail),
          payload: Buffer.from(bad).toString(),
        },
      ]);
      expect(await playsOf(world, 'user_plays')).toEqual({ u1: 2 });
      expect(await world.progress()).toMatchObject({ sequence: 3 });
    },
  );

  test('keeps bytes that are no text', async () => {
    const world = createWorld();
    const bad = Uint8Array.of(0, 0xff, 0xfe);
    await world.transform({ shard: 'a', records: [record(1, bad)] });
    const [event] = await world.quarantine.list({ limit: 1 });
    expect([...event!.payload]).toEqual([...bad]);
  });

  test('is put aside once, however often it is given', async () => {
    let puts = 0;
    const world = createWorld({
      beforePut: () => {
        if (++puts === 1) throw new StoreError('unavailable', 'the quarantine is away');
      },
    });
    const records = [record(1), record(2, 'bad'), record(3)];
    await expect(world.transform({ shard: 'a', records })).rejects.toThrow('the quarantine is away');
    expect(await world.progress()).toBeNull();
    await world.transform({ shard: 'a', records });
    await world.newTransform()({ shard: 'a', records });
    expect(await world.quarantined()).toHaveLength(1);
    expect(await playsOf(world, 'user_plays')).toEqual({ u1: 2 });
  });
});

describe('a late event', () => {
  test('counts where a window can see it, and is left out where none can', async () => {
    const world = createWorld({ groups: [songPlays, songFinishes] });
    // The hour's window begins on its hop: an event on that boundary counts, one before it does not.
    const edge = now - hour;
    const counts = await world.transform({
      shard: 'a',
      records: [
        record(1, { action: 'finish', ts: edge }),
        record(2, { action: 'finish', ts: edge - 1 }),
        record(3, { action: 'finish', ts: now - 7 * day }),
        record(4, { action: 'finish', ts: edge - 1, song: 's2' }),
      ],
    });
    expect(counts).toEqual({ ...settled, accepted: 4 });
    expect(await world.values('song_finishes', now + 1)).toEqual({ s1: { finishes_1h: 1 } });
    expect(await world.values('song_plays', now + 1)).toEqual({ s1: { plays_7d: 3 }, s2: { plays_7d: 1 } });
    expect(await world.quarantined()).toEqual([]);
  });

  test('too late for every group is set aside, judged by its own arrival', async () => {
    const world = createWorld({ groups: [songFinishes], clock: { now: () => now + 90 * day } });
    const old = now - 30 * day;
    const counts = await world.transform({
      shard: 'a',
      records: [
        record(1, { action: 'finish', ts: now - 3 * hour }),
        record(2, { action: 'finish', ts: old }, { arrivalTime: old + minute }),
      ],
    });
    expect(counts).toEqual({ ...settled, accepted: 1, late: 1 });
    expect(await world.quarantined()).toMatchObject([
      {
        position: { sequence: 1 },
        reason: 'late',
        detail: 'arrived 3.0 hours after its time: no window of song_finishes can see it',
        payload: playText({ action: 'finish', ts: now - 3 * hour }),
      },
    ]);
  });

  test('a fast clock cannot put an event past its arrival', async () => {
    const world = createWorld();
    await world.transform({ shard: 'a', records: [record(1, { ts: now + 4 * minute })] });
    const { asOf, entities } = await world.reader.readGroup('user_plays', [{ user: 'u1' }]);
    expect(asOf).toBe(now + 1);
    expect(entities[0]).toMatchObject({ status: 'known', values: { plays_7d: 1 } });
  });
});

describe('events of a batch', () => {
  test('fold into the row of every group they are for, and no other', async () => {
    const world = createWorld();
    const plays: Play[] = [
      { user: 'u1', song: 's1' },
      { user: 'u2', song: 's1', action: 'finish' },
      { user: 'u1', song: 's2' },
      { user: 'u3', song: null },
    ];
    await world.transform({ shard: 'a', records: plays.map((play, i) => record(i + 1, play)) });
    expect(await playsOf(world, 'user_plays')).toEqual({ u1: 2, u2: 1, u3: 1 });
    expect(await playsOf(world, 'song_plays')).toEqual({ s1: 2, s2: 1 });
    expect(await world.values('song_finishes')).toEqual({ s1: { finishes_1h: 1 } });
  });

  test('that no slot of a group takes cost it neither row nor read', async () => {
    const read: string[] = [];
    const world = createWorld({ before: (operation, table) => void read.push(`${operation} ${table}`) });
    const counts = await world.transform({ shard: 'a', records: [record(1), record(2)] });
    expect(counts.accepted).toBe(2);
    expect(read.filter(call => call.includes('song_finishes'))).toEqual([]);
    expect(await world.values('song_finishes')).toEqual({});
  });

  test('of one row are one write', async () => {
    const world = createWorld({ groups: [userPlays] });
    await world.transform({ shard: 'a', records: Array.from({ length: 50 }, (_, i) => record(i + 1)) });
    expect(world.faulty.counts).toMatchObject({ rowsRead: 1, rowsWritten: 1 });
  });

  test('may hold fields that nobody knows', async () => {
    const world = createWorld();
    const play = { colour: 'blue', __proto__x: 1, toString: 'mine' };
    expect(await world.transform({ shard: 'a', records: [record(1, play)] })).toMatchObject({ accepted: 1 });
  });

  test('of a packed record stand each for themselves, by index', async () => {
    const world = createWorld();
    const lines = [
      playText({ user: 'u1' }),
      '{"user":',
      playText({ user: 'u2' }),
      '',
      playText({ user: null }),
      playText({ user: 'u1' }),
    ];
    const records = [record(1, lines.join('\n')), record(2)];
    expect(await world.transform({ shard: 'a', records })).toEqual({ ...settled, accepted: 4, bad: 2 });
    expect((await world.quarantined()).map(q => [q.position.sequence, q.position.index, q.payload])).toEqual([
      [1, 1, lines[1]],
      [1, 3, lines[4]],
    ]);
    expect(await playsOf(world, 'user_plays')).toEqual({ u1: 3, u2: 1 });
    expect(await world.newTransform()({ shard: 'a', records })).toEqual({ ...settled, skipped: 7 - 1 });
  });

  test('may number their records as Kinesis does', async () => {
    const world = createWorld();
    const first = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898n;
    const records = [0n, 1n, 2n].map(i => record(first + i));
    await world.transform({ shard: 'a', records: records.slice(0, 2) });
    await world.transform({ shard: 'a', records });
    expect(await playsOf(world, 'user_plays')).toEqual({ u1: 3 });
  });

  test('an empty batch is nothing', async () => {
    const world = createWorld();
    expect(await world.transform({ shard: 'a', records: [] })).toEqual(settled);
    expect(await world.progress()).toBeNull();
  });

  test('a stream that the Plan lacks is refused', () => {
    const { plan, store, quarantine, unapplied } = createWorld();
    const options = {
      plan,
      store,
      quarantine,
      unapplied,
      clock: { now: () => now },
      incarnation: 'clicks-1',
    };
    expect(() => createTransform({ ...options, stream: 'clicks' })).toThrow('the Plan has no stream clicks');
  });
});

describe('a batch that is given twice', () => {
  test.each(['by the same process', 'by another'])('changes nothing: %s', async who => {
    const world = createWorld();
    const records = [1, 2, 3].map(i => record(i, { user: `u${i % 2}`, action: 'finish' }));
    await world.transform({ shard: 'a', records });
    const before = structuredClone(world.memory);
    const again = who === 'by another' ? world.newTransform() : world.transform;
    expect(await again({ shard: 'a', records })).toEqual({ ...settled, skipped: 3 });
    expect(world.memory).toEqual(before);
  });

  test('with more behind it counts only those', async () => {
    const world = createWorld();
    const records = [1, 2, 3, 4].map(i => record(i));
    await world.transform({ shard: 'a', records: records.slice(0, 3) });
    expect(await world.transform({ shard: 'a', records: records.slice(1) })).toEqual({
      ...settled,
      accepted: 1,
      skipped: 2,
    });
    expect(await playsOf(world, 'user_plays')).toEqual({ u1: 4 });
  });
});

describe('a batch that fails midway', () => {
  const sent: Play[] = Array.from({ length: 12 }, (_, i) => ({
    user: `u${i % 4}`,
    song: `s${i % 3}`,
    action: 'finish',
  }));
  const records = sent.map((play, i) => record(i + 1, play));

  test.each([
    { fault: 'conflict' },
    { fault: 'throttled' },
    { fault: 'failed' },
    { fault: 'failed after writing' },
  ] as const)('is settled within one call where trying again helps: $fault', async ({ fault }) => {
    const seen = new Set<string>();
    const world = createWorld({
      fault: (table, { key }) => {
        const first = !seen.has(`${table}/${key}`);
        seen.add(`${table}/${key}`);
        return first ? fault : null;
      },
    });
    expect(await world.transform({ shard: 'a', records })).toEqual({ ...settled, accepted: 12 });
    expect(await playsOf(world, 'user_plays')).toEqual(countBy(sent, 'user'));
    expect(await playsOf(world, 'song_plays')).toEqual(countBy(sent, 'song'));
  });

  test('waits longer and longer, by chance, for a row that others keep overtaking, but not the first time', async () => {
    const waits: number[] = [];
    const wait = async (ms: number) => void waits.push(ms);
    let conflicts = 10;
    const world = createWorld({
      clock: { now: () => now, wait },
      fault: (table, { key }) =>
        table === 'user_plays@1' && key === 'u1' && conflicts-- > 0 ? 'conflict' : null,
    });
    expect(await world.transform({ shard: 'a', records })).toEqual({ ...settled, accepted: 12 });
    expect(waits).toHaveLength(9);
    for (const [i, ms] of waits.entries()) {
      expect(ms).toBeGreaterThanOrEqual(0);
      expect(ms).toBeLessThan(Math.min(200, 2 ** (i + 3)));
    }
  });

  test.each([{ fault: 'throttled' }, { fault: 'failed' }, { fault: 'failed after writing' }] as const)(
    'keeps progress below the first event of a row that cannot be written: $fault',
    async ({ fault }) => {
      let isBroken = true;
      const world = createWorld({ fault: (_, { key }) => (isBroken && key === 's2' ? fault : null) });
      const failed = await world.transform({ shard: 'a', records });
      // A write that only seems lost is found done when its row is read again.
      const lost = fault !== 'failed after writing';
      expect(failed).toEqual({
        ...settled,
        accepted: lost ? 8 : 12,
        failed: lost ? 4 : 0,
        failures: lost ? [3, 6, 9, 12] : [],
      });
      expect(await world.progress()).toMatchObject({ sequence: lost ? 2 : 12 });
      isBroken = false;
      const retried = await world.newTransform()({ shard: 'a', records });
      expect(retried.failed).toBe(0);
      expect(await world.progress()).toMatchObject({ sequence: 12 });
      expect(await playsOf(world, 'user_plays')).toEqual(countBy(sent, 'user'));
      expect(await playsOf(world, 'song_plays')).toEqual(countBy(sent, 'song'));
    },
  );

  test('has no progress at all when its first event failed', async () => {
    const world = createWorld({ fault: (_, { key }) => (key === 'u0' ? 'failed' : null) });
    expect((await world.transform({ shard: 'a', records })).failed).toBe(3);
    expect(await world.progress()).toBeNull();
  });

  test('counts an event that several groups failed to write once', async () => {
    const world = createWorld({ fault: () => 'failed' });
    expect(await world.transform({ shard: 'a', records })).toEqual({
      ...settled,
      failed: 12,
      failures: records.map(r => r.sequence),
    });
  });

  test.each([
    ['read', 'answers'],
    ['write', 'answers'],
    ['readProgress', 'rejects'],
    ['advanceProgress', 'rejects'],
  ] as const)('because the store cannot %s now %s so, and can be given again', async (operation, how) => {
    let isBroken = true;
    const world = createWorld({
      before: called => {
        if (isBroken && called === operation) throw new StoreError('unavailable', 'the table is away');
      },
    });
    const error = new StoreError('unavailable', 'the table is away');
    const attempt = world.transform({ shard: 'a', records });
    if (how === 'rejects') await expect(attempt).rejects.toThrow(error);
    else expect(await attempt).toMatchObject({ accepted: 0, failed: 12, error });
    expect(await world.progress()).toBeNull();
    isBroken = false;
    await world.transform({ shard: 'a', records });
    expect(await playsOf(world, 'user_plays')).toEqual(countBy(sent, 'user'));
    expect(await playsOf(world, 'song_plays')).toEqual(countBy(sent, 'song'));
  });
});

describe('a row that this code cannot read', () => {
  const damaged = async (first: number, second?: number) => {
    const world = createWorld();
    await world.transform({ shard: 'a', records: [record(1)] });
    const rows = world.memory.rows.get('song_plays@1')!;
    const whole = rows.get('s1')!;
    const bytes = whole.bytes.slice();
    bytes[0] = first;
    if (second !== undefined) bytes[1] = second;
    rows.set('s1', { ...whole, bytes });
    const repair = () => rows.set('s1', whole);
    return { world, rows, bytes, repair };
  };

  test.each([
    ['codec', 3, undefined, 'row codec 3: this code reads up to 2; run a newer release'],
    ['section', 1, 128, 'row section 128: written by a newer release'],
  ])(
    'of a newer %s fails its own events only, for as long as older code reads it',
    async (_, first, second, message) => {
      const { world, rows, bytes, repair } = await damaged(first, second);
      const records = [record(2), record(3, { song: 's2' })];
      expect(await world.transform({ shard: 'a', records })).toMatchObject({
        accepted: 1,
        failed: 1,
        failures: [2],
        error: new NewerCodecError(message),
      });
      expect(await world.progress()).toMatchObject({ sequence: 1 });
      expect(rows.get('s1')!.bytes).toEqual(bytes);
      expect([...rows.keys()]).toEqual(['s1', 's2']);
      repair();
      await world.transform({ shard: 'a', records });
      expect(await playsOf(world, 'user_plays')).toEqual({ u1: 3 });
      expect(await playsOf(world, 'song_plays')).toEqual({ s1: 2, s2: 1 });
    },
  );
});

describe('row versions', () => {
  test.each([
    ['a clock that runs', (n: number) => now + n],
    ['a clock that stands', () => now],
    ['a clock that runs back', (n: number) => now - n * minute],
  ])('grow with every write, at least to the clock: %s', async (_, timeOf) => {
    let ticks = 0;
    const clock = { now: vi.fn(() => timeOf(ticks++)) };
    const versions: number[] = [];
    const world = createWorld({
      groups: [userPlays],
      clock,
      fault: (_table, { expected, version }) => {
        expect(expected).toBe(versions.at(-1) ?? 0);
        versions.push(version);
        return null;
      },
    });
    for (let i = 1; i <= 5; i++) await world.transform({ shard: 'a', records: [record(i)] });
    expect(versions).toHaveLength(5);
    for (const [i, version] of versions.entries())
      expect(version).toBeGreaterThan(versions[i - 1] ?? now - 1);
  });
});
