import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFinishedRows } from '../../../lib/runtime/finished-rows.ts';
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
  const rows = createFinishedRows<string>(4);
  const asked: string[] = [];
  const get = (key: string, version: number, epoch = 'e') =>
    rows.get(key, version, epoch, isKept => {
      asked.push(`${key}${version}${epoch} ${isKept}`);
      return `${key}${version}${epoch}`;
    });
  expect([get('a', 1), get('a', 1), get('a', 1)]).toEqual(['a1e', 'a1e', 'a1e']);
  expect(asked).toEqual(['a1e false', 'a1e true']);
  expect([get('a', 2), get('a', 2, 'f'), get('a', 2, 'f'), get('a', 2, 'f')]).toEqual([
    'a2e',
    'a2f',
    'a2f',
    'a2f',
  ]);
  expect(asked.slice(2)).toEqual(['a2e false', 'a2f false', 'a2f true']);
});

test('what has not been asked for long is forgotten, what is asked for stays', () => {
  const rows = createFinishedRows<number>(4);
  let computed = 0;
  const get = (key: string) => rows.get(key, 1, '', () => ++computed);
  get('hot');
  get('hot');
  for (let i = 0; i < 50; i++) {
    get(`cold ${i}`);
    get('hot');
  }
  expect(computed).toBe(52);
  get('cold 0');
  expect(computed).toBe(53);
});
