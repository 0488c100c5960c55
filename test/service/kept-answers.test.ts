import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRowWatches } from '../../lib/adapters/rocksdb/row-watches.ts';
import { definitions } from '../../lib/define/index.ts';
import type { Times } from '../../lib/kernel/index.ts';
import type { StateStore } from '../../lib/runtime/ports.ts';
import { createReader } from '../../lib/runtime/read.ts';
import type { AnswerTemplate } from '../../lib/service/feature-answer.ts';
import { createFeaturesRoute } from '../../lib/service/features-route.ts';
import { createKeptAnswers } from '../../lib/service/kept-answers.ts';
import { defaultLimits } from '../../lib/service/limits.ts';
import { createWorld, now, type Play, record } from '../support/plays.ts';
import { cards } from '../support/song-cards.ts';
import { startService, visit } from './running.ts';

const minute = 60_000;
const day = 24 * 60 * minute;

/** Songs that are played and asked for over HTTP, by a route that keeps answers and by one that keeps nothing. */
function setUp(keptBytes: number) {
  let time = now;
  let sequence = 0;
  const clock = { now: () => time };
  const { store, memory, transform, newTransform } = createWorld({ groups: cards.groups, clock });
  const watches = createRowWatches();
  let reads = 0;
  const watched: StateStore = {
    ...store,
    // At once: what had to be waited for is not kept.
    read(table, keys) {
      reads++;
      return keys.map(key => memory.rows.get(table)?.get(key) ?? null) as Awaited<
        ReturnType<StateStore['read']>
      >;
    },
    async write(table, writes) {
      const outcomes = await store.write(table, writes);
      watches.changed(writes.map(({ key }) => key));
      return outcomes;
    },
    watch: watches.watch,
  };
  const { plan, functions } = definitions(cards);
  const routeOf = (source: StateStore, ...bytes: [rows: number, answers: number]) =>
    createFeaturesRoute(
      {
        plan,
        reader: createReader({ plan, functions, store: source, clock, keptBytes: bytes[0] }),
        limits: defaultLimits,
        metrics: { observeRead: () => {} },
      },
      bytes[1],
    );
  const keeping = routeOf(watched, 1 << 20, keptBytes);
  const other = routeOf(store, 0, 0);
  const ask = async (route: typeof keeping, request: object): Promise<string> => {
    const { body } = await route.answer({ query: {}, type: '', body: Buffer.from(JSON.stringify(request)) });
    return body.toString();
  };
  const play = newTransform(watched);
  return {
    transform,
    wait(ms: number) {
      time += ms;
    },
    async play(song: string, user: string) {
      const event: Play = { song, user, ms: sequence, ts: time };
      await play({ shard: 'a', records: [record(++sequence, event, { arrivalTime: time })] });
      time++;
    },
    kept: (request: object) => ask(keeping, request),
    fresh: (request: object) => ask(other, request),
    rowsRead: () => reads,
  };
}

const asking = (song: string, service = 'song_card') => ({ service, entities: [{ song }] });

test('an answer that is kept is what a service that keeps nothing says, to the byte', async () => {
  const names = fc.constantFrom(
    { group: 'song_history' },
    { group: 'song_heat' },
    { service: 'song_card' },
    { service: 'song_numbers' },
  );
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        name: names,
        song: fc.constantFrom('s1', 's2', 'ß3'),
        isShared: fc.boolean(),
        times: fc.integer({ min: 1, max: 8 }),
        gap: fc.constantFrom(0, 1, 7 * minute),
      }),
    },
    fc.record({
      play: fc.constantFrom('s1', 's2'),
      user: fc.constantFrom('ü0', 'u1', 'u2', 'u3', 'u4', 'u5'),
    }),
    fc.record({
      wait: fc.constantFrom(-61 * minute, -minute, 1, 3 * minute, 5 * minute, 61 * minute, day, 8 * day),
    }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 40 }),
      fc.constantFrom(8_000, 1 << 20),
      async (steps, keptBytes) => {
        const { wait, play, kept, fresh } = setUp(keptBytes);
        for (const one of steps) {
          if ('wait' in one) wait(one.wait);
          else if ('play' in one) await play(one.play, one.user);
          else {
            const { name, song, isShared, times, gap } = one;
            const request = isShared
              ? { ...name, shared: { song }, entities: [{}] }
              : { ...name, entities: [{ song }] };
            for (let i = 0; i < times; i++) {
              expect(await kept(request)).toBe(await fresh(request));
              wait(gap);
            }
          }
        }
      },
    ),
    { numRuns: 100 },
  );
});

test('a kept answer reads no row, until one changes or a window begins elsewhere', async () => {
  const { wait, play, kept, rowsRead } = setUp(1 << 20);
  await play('s1', 'u1');
  await play('s2', 'u1');
  const readsOf = async (song: string) => {
    const before = rowsRead();
    await kept(asking(song));
    return rowsRead() - before;
  };
  for (const song of ['s1', 's2']) for (let i = 0; i < 3; i++) expect(await readsOf(song)).toBeGreaterThan(0);
  for (const song of ['s1', 's2', 's1']) expect(await readsOf(song)).toBe(0);
  wait(1);
  expect(await readsOf('s1')).toBe(0);
  await play('s1', 'u2');
  expect(await readsOf('s1')).toBeGreaterThan(0);
  expect(await readsOf('s2')).toBe(0);
  wait(day);
  expect(await readsOf('s2')).toBeGreaterThan(0);
});

test('what asks for a time of its own, for several entities, or at length, is not kept', async () => {
  const { play, kept, rowsRead } = setUp(1 << 20);
  await play('s1', 'u1');
  const requests = [
    { ...asking('s1'), asOf: now + 10 },
    { ...asking('s1'), entities: [{ song: 's1' }, { song: 's2' }] },
    asking(`s${'1'.repeat(1_000)}`),
  ];
  for (const request of requests) {
    for (let i = 0; i < 6; i++) {
      const before = rowsRead();
      await kept(request);
      expect(rowsRead()).toBeGreaterThan(before);
    }
  }
});

test('a running service tells of each event at once, whichever of its threads wrote the row', async () => {
  const { sendLines, caughtUp, readGroup } = await startService({ secondThread: { leastRecords: 1 } });
  const visitsOf = async (group: string, key: object): Promise<number> => {
    const { features, entities } = (await readGroup(group, key)).json;
    return entities[0].values[features.findIndex((name: string) => /^visits(_lifetime)?$/.test(name))];
  };
  for (let sent = 1; sent <= 20; sent++) {
    await sendLines([visit(sent)]);
    await caughtUp();
    // More often than it takes to keep the answer.
    for (let i = 0; i < 5; i++) {
      expect(await visitsOf('visitor_page', { user: 'ann', page: '7' })).toBe(sent);
      expect(await visitsOf('visitor', { user: 'ann' })).toBe(sent);
    }
  }
});

interface Answer {
  readonly length: number;
  /** At the end of which come those that decay. */
  readonly ends?: readonly number[];
  readonly times?: Times;
  readonly decaying?: unknown[];
}

/** Kept answers, which of them are still watched, and how one is filled: with what its memory holds of it. */
function someAnswers({ mostBytes, ...usual }: { mostBytes: number } & Partial<Answer>) {
  const open = new Map<string, { hasChanged: boolean }>();
  let now = 0;
  const answers = createKeptAnswers({
    writer: {
      fill({ text, at, ends, endsAt, decaying, decayingAt }, asOf) {
        const count = text[at + 1]!;
        const all = <T>(list: ArrayLike<T>, from: number) =>
          Array.from({ length: count }, (_, i) => list[from + i]);
        return JSON.stringify([text[at], all(ends, endsAt), all(decaying, decayingAt), asOf]);
      },
    },
    clock: { now: () => now },
    mostBytes,
  });
  return {
    open,
    at(time: number) {
      now = time;
    },
    keep(name: string, answer: Partial<Answer> = {}, body = Buffer.from(name)) {
      const {
        length = 500,
        ends = [length],
        times = { from: 0, until: 100 },
        decaying = [],
      } = { ...usual, ...answer };
      const watch = {
        hasChanged: false,
        end() {
          if (open.get(name) === watch) open.delete(name);
        },
      };
      open.set(name, watch);
      const text = new Uint8Array(length).fill(name.charCodeAt(0), 0, 1).fill(decaying.length, 1, 2);
      const template = { layout: {} as AnswerTemplate['layout'], text, ends, isAscii: true };
      answers.keep(body, { name, entities: [] }, template, { watch, times, decaying });
    },
    get: (name: string) => {
      const kept = answers.get(Buffer.from(name));
      return kept && { ...kept, body: JSON.parse(kept.body.toString()) };
    },
    has: (name: string) => answers.get(Buffer.from(name)) !== undefined,
  };
}

test('an answer is filled with what was kept of it, however often its memory has moved', () => {
  const { keep, get } = someAnswers({ mostBytes: 40_000 });
  const answers = {
    numbers: { ends: [7, 8], decaying: [0.1, Number.NEGATIVE_INFINITY] },
    'other things': { ends: [3, 500], decaying: [{ a: 1 }, 'b'] },
    'a longer name': { length: 501, ends: [9, 9, 501], decaying: [1, null, 3] },
  };
  for (const [name, answer] of Object.entries(answers)) keep(name, answer);
  for (let i = 0; i < 200; i++) {
    keep(`some ${i}`, { length: 2 + (i % 50) });
    for (const [name, { ends, decaying }] of Object.entries(answers)) {
      expect(get(name)).toEqual({
        name,
        entities: [],
        body: JSON.parse(JSON.stringify([name.charCodeAt(0), ends.slice(0, decaying.length), decaying, 0])),
      });
    }
  }
});

test('an answer is kept for its times, and a clock that steps back ends it too', () => {
  const { keep, has, at, open } = someAnswers({ mostBytes: 40_000, times: { from: 20, until: 80 } });
  for (const [time, isKept] of [
    [19, false],
    [20, true],
    [79, true],
    [80, false],
  ] as const) {
    keep('a');
    at(time);
    expect([has('a'), has('a')], `${time}`).toEqual([isKept, isKept]);
    expect(open.size).toBe(isKept ? 1 : 0);
  }
});

test('an answer whose rows have changed is forgotten', () => {
  const { keep, has, open } = someAnswers({ mostBytes: 40_000 });
  for (const name of ['a', 'b']) keep(name);
  open.get('a')!.hasChanged = true;
  expect(['a', 'b'].map(has)).toEqual([false, true]);
});

test('requests of one hash are told apart', () => {
  // Known collisions of FNV-1a in 32 bits.
  const { keep, has, open } = someAnswers({ mostBytes: 40_000 });
  const [one, other] = ['costarring', 'liquid'] as const;
  keep(one);
  expect(has(other)).toBe(false);
  expect(has(one)).toBe(true);
  keep(other);
  expect([one, other].map(has)).toEqual([false, true]);
  expect([...open.keys()]).toEqual([other]);
});

test('what has not been asked for long is forgotten and not watched any more, what is asked for stays', () => {
  const { keep, has, open } = someAnswers({ mostBytes: 40_000, length: 500 });
  for (const name of ['hot', 'cold']) keep(name);
  for (let i = 0; i < 100; i++) {
    keep(`cold ${i}`);
    expect(has('hot')).toBe(true);
  }
  expect(has('cold')).toBe(false);
  expect(open.size).toBeLessThan(40);
  expect([...open.keys()].filter(name => open.has(name) && !has(name))).toEqual([]);
});

test('an answer that is kept anew takes the place of the one before, which is not watched any more', () => {
  const { keep, has, open } = someAnswers({ mostBytes: 40_000, length: 500 });
  for (let i = 0; i < 100; i++) keep('a');
  expect(has('a')).toBe(true);
  keep('b', {}, Buffer.from('a'));
  expect([...open.keys()]).toEqual(['b']);
});

test.each([
  ['a long body', { mostBytes: 40_000, length: 500 }, 'x'.repeat(2_000)],
  ['a long answer', { mostBytes: 40_000, length: 30_000 }, 'x'],
  ['anything without room', { mostBytes: 0, length: 1 }, 'x'],
])('%s is not kept, nor watched', (_, size, body) => {
  const { keep, has, open } = someAnswers(size);
  keep(body);
  expect(has(body)).toBe(false);
  expect(open.size).toBe(0);
});
