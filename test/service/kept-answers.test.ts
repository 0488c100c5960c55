import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRowWatches } from '../../lib/adapters/rocksdb/row-watches.ts';
import { definitions } from '../../lib/define/index.ts';
import type { LastingEntity } from '../../lib/runtime/lasting-entity.ts';
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

const template = (length: number): AnswerTemplate => ({
  layout: {} as AnswerTemplate['layout'],
  text: new Uint8Array(length),
  at: 0,
  ends: [length],
  isAscii: true,
});

/** Answers of one length each, and which of them are still watched. */
function someAnswers({ mostBytes, length }: { mostBytes: number; length: number }) {
  const open = new Set<string>();
  const answers = createKeptAnswers({ fill: ({ text, at }) => `${text[at]}` }, mostBytes);
  return {
    open,
    keep(name: string, body = Buffer.from(name)) {
      open.add(name);
      const lasting: LastingEntity = { asOf: () => 0, decaying: [], end: () => void open.delete(name) };
      answers.keep(body, { name, entities: [] }, template(length), lasting);
    },
    has: (name: string) => answers.get(Buffer.from(name)) !== undefined,
  };
}

test('what has not been asked for long is forgotten and not watched any more, what is asked for stays', () => {
  const { keep, has, open } = someAnswers({ mostBytes: 40_000, length: 500 });
  for (const name of ['hot', 'cold']) keep(name);
  for (let i = 0; i < 100; i++) {
    keep(`cold ${i}`);
    expect(has('hot')).toBe(true);
  }
  expect(has('cold')).toBe(false);
  expect(open.size).toBeLessThan(30);
  expect([...open].filter(name => open.has(name) && !has(name))).toEqual([]);
});

test('an answer that is kept anew takes the place of the one before, which is not watched any more', () => {
  const { keep, has, open } = someAnswers({ mostBytes: 40_000, length: 500 });
  for (let i = 0; i < 100; i++) keep('a');
  expect(has('a')).toBe(true);
  keep('b', Buffer.from('a'));
  expect([...open]).toEqual(['b']);
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
