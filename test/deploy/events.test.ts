import { expect, test } from 'vitest';
import { badReasons } from '../../features/feed/generator/index.ts';
import { feedEvents, requestsOf, spanDays } from './events.ts';

const until = Date.UTC(2026, 10, 20, 12);
const day = 86_400_000;

const arrivals = feedEvents({ events: 10_000, seed: 4, until });

test.each([1, 2, 3, 4, 5])(
  'seed %i: events of eight days, late, repeated and every kind of bad ones among them',
  seed => {
    const arrivals = feedEvents({ events: 10_000, seed, until });
    expect(arrivals).toHaveLength(10_000);
    const good = arrivals.filter(({ kind }) => kind !== 'bad').map(({ event }) => event.ts);
    expect(Math.min(...good)).toBeLessThan(until - spanDays * day);
    expect(Math.max(...good)).toBeGreaterThan(until - day / 2);
    const kinds = Map.groupBy(arrivals, ({ kind, reason }): string => reason ?? kind);
    for (const kind of ['reordered', 'late', 'ahead', 'copy', 'stale-copy', ...badReasons])
      expect(kinds.get(kind)?.length, kind).toBeGreaterThan(0);
  },
);

test('requests have them all, in order, and know what is refused', () => {
  const requests = requestsOf(arrivals, 400);
  expect(requests.reduce((sum, r) => sum + r.events, 0)).toBe(arrivals.length);
  const lines = Buffer.concat(requests.map(({ body }) => body))
    .toString()
    .split('\n');
  expect(lines).toHaveLength(arrivals.length + 1);
  const refused = arrivals.filter(({ reason }) =>
    ['not-json', 'bad-encoding', 'too-large'].includes(reason ?? ''),
  );
  expect(requests.reduce((sum, r) => sum + r.refused, 0)).toBe(refused.length);
});
