import { expect, test } from 'vitest';
import live from '../../../features/feed/live.ts';
import type { LiveEvent, LiveExample } from '../../../lib/cli/live/example.ts';

/** That this compiles is what the command line relies on. */
const example: LiveExample = live;
const start = Date.UTC(2026, 0, 5, 4);

function take(from: number, count: number): LiveEvent[] {
  const events = example.events({ start: from, eventsPerSecond: 1_000 });
  return Array.from({ length: count }, () => events.next().value as LiveEvent);
}

/** Of the whole ones. */
const idsOf = (events: readonly LiveEvent[]): Set<string> =>
  new Set(
    events.flatMap(({ bytes }) => /"event_id":"([^"]+)"/.exec(Buffer.from(bytes).toString())?.[1] ?? []),
  );

test('events begin at the start, at the full rate from the first second on, and in order', () => {
  const events = take(start, 5_000);
  expect(events[0]!.arrivalTime - start).toBeLessThan(50);
  expect(events.at(-1)!.arrivalTime - start).toBeGreaterThan(4_000);
  expect(events.at(-1)!.arrivalTime - start).toBeLessThan(6_000);
  expect(events.map(e => e.arrivalTime)).toEqual(events.map(e => e.arrivalTime).sort((a, b) => a - b));
});

test('another start gives other events, even of times that an earlier one has given', () => {
  const [earlier, later] = [idsOf(take(start, 20_000)), idsOf(take(start + 1_000, 20_000))];
  expect(earlier.size).toBeGreaterThan(19_000);
  expect([...later].filter(id => earlier.has(id))).toEqual([]);
});

test('every column is a feature of the service, which asks for nothing but the users', () => {
  const { plan } = example.definitions;
  const service = plan.services.find(({ name }) => name === example.service)!;
  const features = service.features.map(({ name }) => name);
  expect(example.columns.length).toBeGreaterThan(4);
  for (const { feature } of example.columns) expect(features).toContain(feature);
  expect(service.context).toEqual([]);
});

test('values are told in a few words', () => {
  const textOf = (title: string, value: unknown) => example.columns.find(c => c.title === title)!.text(value);
  expect(textOf('shown 1h', 12_345)).toBe('12,345');
  expect(textOf('ctr 24h', 0.1234)).toBe('12.3 %');
  expect([textOf('avg watch', 11_340.2), textOf('avg watch', null)]).toEqual(['11.3 s', '']);
  expect(textOf('likes most', { art: 1, cars: 5, news: 3 })).toBe('cars, news');
  expect(textOf('last video', [{ item: 'v1_2' }, { item: 'v3_4' }])).toBe('v1_2');
  expect([textOf('likes most', {}), textOf('last video', [])]).toEqual(['', '']);
});
