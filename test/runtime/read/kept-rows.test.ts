import fc from 'fast-check';
import { expect, test } from 'vitest';
import { definitions } from '../../../lib/define/index.ts';
import { createKeptRows } from '../../../lib/runtime/kept-rows.ts';
import { createReader } from '../../../lib/runtime/read.ts';
import { createAnswerWriter } from '../../../lib/service/feature-answer.ts';
import { createWorld, now, type Play, record } from '../../support/plays.ts';
import { cards } from '../../support/song-cards.ts';

const minute = 60_000;
const day = 24 * 60 * minute;

const vectors = [
  ['group', 'song_history'],
  ['group', 'song_heat'],
  ['service', 'song_card'],
  ['service', 'song_numbers'],
] as const;

test.each([
  ['at once', true],
  ['later', false],
])(
  'of rows that come %s, what is kept is what a reader that keeps nothing finds, to the byte',
  async (_, atOnce) => {
    const step = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          read: fc.subarray(['s1', 's2', 's3'], { minLength: 1 }),
          ways: fc.array(fc.constantFrom('values', 'text', 'text'), { minLength: 1, maxLength: 8 }),
        }),
      },
      fc.record({
        play: fc.constantFrom('s1', 's2'),
        user: fc.constantFrom('ü0', 'u1', 'u2', 'u3', 'u4', 'u5'),
      }),
      fc.record({ wait: fc.constantFrom(1, 3 * minute, 5 * minute, 61 * minute, day, 8 * day) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 40 }),
        fc.constantFrom(20_000, 1 << 20),
        async (steps, keptBytes) => {
          let time = now;
          const clock = { now: () => time };
          const { store, memory, transform } = createWorld({ groups: cards.groups, clock });
          const read = (table: string, keys: readonly string[]) =>
            keys.map(key => memory.rows.get(table)?.get(key) ?? null);
          const readers = [keptBytes, 0].map(keptBytes =>
            createReader({
              ...definitions(cards),
              store: atOnce ? { ...store, read } : store,
              clock,
              keptBytes,
            }),
          );
          const { write } = createAnswerWriter();
          let sequence = 0;
          for (const one of steps) {
            if ('wait' in one) time += one.wait;
            else if ('play' in one) {
              const play: Play = { song: one.play, user: one.user, ms: sequence, ts: time };
              await transform({ shard: 'a', records: [record(++sequence, play, { arrivalTime: time })] });
            } else {
              for (const [i, way] of one.ways.entries()) {
                const keys = one.read.map(song => ({ song }));
                const asOf = time + 1 + i;
                const [found, wanted] = await Promise.all(
                  readers.map(async reader => {
                    const results: unknown[] = [];
                    for (const [kind, name] of vectors) {
                      if (way === 'text') {
                        results.push(write(await reader.find(kind, name, keys, { asOf })).toString());
                      } else {
                        const read = kind === 'group' ? reader.readGroup : reader.readService;
                        results.push(await read(name, keys, { asOf }));
                      }
                    }
                    return results;
                  }),
                );
                expect(found).toEqual(wanted);
              }
            }
          }
        },
      ),
      { numRuns: 100 },
    );
  },
);

test('a row is kept from the second time on that it is asked for as it is', () => {
  const room = createKeptRows(10_000).room().place<{ readonly text: string }>();
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
  const [room, other] = [kept.room().place<object>(), kept.room().place<object>()];
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

test('views of one entity have rows of their own under its key, and stay together', () => {
  const room = createKeptRows(10_000).room();
  const [first, second] = [room.place<{ readonly text: string }>(), room.place<{ readonly text: string }>()];
  const times = { from: 0, until: 100 };
  for (const key of ['a', 'b']) {
    first.note(key, 1, times);
    first.keep(first.get(key)!, { text: `first ${key}` }, 1_000);
    expect(second.get(key)).toBeUndefined();
    second.note(key, 2, times);
  }
  second.keep(second.get('a')!, { text: 'second a' }, 1_000);
  expect(first.get('a')).toMatchObject({ version: 1, made: { text: 'first a' } });
  expect(second.get('a')).toMatchObject({ version: 2, made: { text: 'second a' } });
  expect(second.get('b')).toMatchObject({ version: 2, made: null });
  for (let i = 0; i < 50; i++) {
    first.note(`cold ${i}`, 1, times);
    first.keep(first.get(`cold ${i}`)!, { text: 'cold' }, 1_000);
    expect(second.get('a')).toBeDefined();
  }
  expect(first.get('a')).toMatchObject({ version: 1, made: { text: 'first a' } });
  expect(first.get('b')).toBeUndefined();
});

test('what is added to a kept row counts', () => {
  const room = createKeptRows(10_000).room().place<object>();
  room.note('large', 1, { from: 0, until: 1 });
  for (let i = 0; i < 20; i++) {
    room.note(`small ${i}`, 1, { from: 0, until: 1 });
    const small = room.get(`small ${i}`)!;
    room.keep(small, {}, 0);
    room.grow(small, 2_000);
  }
  expect(room.get('large')).toBeUndefined();
});
