import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createKeptRows } from '../../../lib/runtime/kept-rows.ts';
import { createReader } from '../../../lib/runtime/read.ts';
import { createWorld, now, type Play, record, songHistory, userPlays } from '../../support/plays.ts';

const minute = 60_000;
const day = 24 * 60 * minute;

test('what is remembered of a row is what a reader that remembers nothing finds, whatever happens in between', async () => {
  const step = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        read: fc.constantFrom('s1', 's2', 's3'),
        times: fc.integer({ min: 1, max: 4 }),
      }),
    },
    fc.record({ play: fc.constantFrom('s1', 's2'), user: fc.integer({ min: 0, max: 5 }) }),
    fc.record({ wait: fc.constantFrom(1, 3 * minute, 5 * minute, 61 * minute, day, 8 * day) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async steps => {
      let time = now;
      const world = createWorld({ groups: [userPlays, songHistory], clock: { now: () => time } });
      const { plan, functions, store } = world;
      const newReader = () => createReader({ plan, functions, store, clock: { now: () => time } });
      const reader = newReader();
      let sequence = 0;
      for (const one of steps) {
        if ('wait' in one) time += one.wait;
        else if ('play' in one) {
          const play: Play = { song: one.play, user: `u${one.user}`, ms: sequence, ts: time };
          await world.transform({ shard: 'a', records: [record(++sequence, play, { arrivalTime: time })] });
        } else {
          for (let i = 0; i < one.times; i++) {
            const keys = [{ song: one.read }, { song: 's1' }];
            const asOf = time + 1 + i;
            const found = await reader.readGroup('song_history', keys, { asOf });
            expect(found).toEqual(await newReader().readGroup('song_history', keys, { asOf }));
          }
        }
      }
    }),
    { numRuns: 150 },
  );
});

test('a row is kept from the second time on that it is asked for as it is', () => {
  const room = createKeptRows(10_000).room<{ readonly text: string }>();
  const times = { from: 0, until: 100 };
  expect(room.get('a')).toBeUndefined();
  room.note('a', 1, times);
  const noted = room.get('a')!;
  expect(noted).toMatchObject({ version: 1, times, made: null });
  room.keep(noted, { text: 'a1' }, 100);
  expect(room.get('a')!.made).toEqual({ text: 'a1' });
  room.note('a', 2, times);
  expect(room.get('a')).toMatchObject({ version: 2, made: null });
});

test('what has not been asked for long is forgotten, what is asked for stays, in all rooms together', () => {
  const kept = createKeptRows(10_000);
  const [room, other] = [kept.room<object>(), kept.room<object>()];
  const put = (into: typeof room, key: string) => {
    into.note(key, 1, { from: 0, until: 1 });
    into.keep(into.get(key)!, {}, 1_000);
  };
  put(room, 'hot');
  put(other, 'cold');
  for (let i = 0; i < 50; i++) {
    put(room, `cold ${i}`);
    expect(room.get('hot')).toBeDefined();
  }
  expect(other.get('cold')).toBeUndefined();
  const left = Array.from({ length: 50 }, (_, i) => `cold ${i}`).filter(key => room.get(key) !== undefined);
  expect(left.length).toBeLessThan(10);
  expect(left).toContain('cold 49');
});

test('what is added to a kept row counts', () => {
  const room = createKeptRows(10_000).room<object>();
  room.note('large', 1, { from: 0, until: 1 });
  for (let i = 0; i < 20; i++) {
    room.note(`small ${i}`, 1, { from: 0, until: 1 });
    const small = room.get(`small ${i}`)!;
    room.keep(small, {}, 0);
    room.grow(small, 2_000);
  }
  expect(room.get('large')).toBeUndefined();
});
