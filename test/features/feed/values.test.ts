import { beforeAll, describe, expect, test } from 'vitest';
import {
  type Arrival,
  arrivalBytes,
  badReasons,
  createFeed,
  type FeedEvent,
} from '../../../features/feed/generator/index.ts';
import definitions from '../../../features/feed/index.ts';
import type { LogRecord, Quarantine } from '../../../lib/runtime/ports.ts';
import { createReader, type Reader } from '../../../lib/runtime/read.ts';
import { createTransform } from '../../../lib/runtime/transform.ts';
import type { OracleEvent } from '../../kernel/oracle.ts';
import { createMemoryQuarantine } from '../../support/memory-quarantine.ts';
import { createMemoryStateStore } from '../../support/memory-state-store.ts';
import { createMemoryUnapplied } from '../../support/memory-unapplied.ts';
import { type Accepted, type Expected, expectations, expected, oracleEvent } from './expected.ts';

/**
 * A day and a half of a small feed, with more going wrong than usually does, through the transform into rows; then
 * every feature of many entities is computed again from the list of events that should have counted.
 */

const { plan, functions } = definitions;
const hour = 3_600_000;
const start = Date.UTC(2026, 2, 1, 12);
const events = 20_000;

const feed = createFeed({
  seed: 20_260_301,
  users: 60,
  items: 80,
  authors: 25,
  start,
  eventsPerSecond: events / (36 * 3600),
  rates: {
    reordered: 0.05,
    late: 0.04,
    ahead: 0.02,
    copy: 0.05,
    staleCopy: 0.02,
    bad: Object.fromEntries(badReasons.map(reason => [reason, reason === 'too-large' ? 0.0005 : 0.002])),
  },
});
const arrivals: readonly Arrival[] = Array.from({ length: events }, () => feed.next().value);
const query = arrivals.at(-1)!.arrivalTime + 1;

/** DESIGN, rule 4: a copy counts no more while the one that counted arrived within the hour, inclusive. */
function acceptedOf(list: readonly Arrival[]): Accepted[] {
  const counted = new Map<string, number>();
  return list.filter(({ kind, event: { user, event_id }, arrivalTime }) => {
    if (kind === 'bad') return false;
    const before = counted.get(`${user} ${event_id}`);
    if (before !== undefined && arrivalTime - before <= hour) return false;
    counted.set(`${user} ${event_id}`, arrivalTime);
    return true;
  });
}

const accepted = acceptedOf(arrivals).map(oracleEvent);
const quarantine: Quarantine = createMemoryQuarantine();
let reader: Reader;

beforeAll(async () => {
  const clock = { now: () => query };
  const store = createMemoryStateStore();
  reader = createReader({ plan, functions, store, clock });
  const transform = createTransform({
    plan,
    functions,
    stream: 'interactions',
    incarnation: 'feed-1',
    store,
    quarantine,
    unapplied: createMemoryUnapplied(),
    clock,
    // As small as on DynamoDB, so that rows spill.
    limits: { headBytes: 1024, runBytes: 64 * 1024 },
  });
  const records = arrivals.map(
    (arrival, i): LogRecord => ({
      shard: 'a',
      sequence: i + 1,
      arrivalTime: arrival.arrivalTime,
      data: arrivalBytes(arrival),
    }),
  );
  for (let i = 0; i < records.length; i += 500) {
    const counts = await transform({ shard: 'a', records: records.slice(i, i + 500) });
    expect(counts.failed).toBe(0);
  }
}, 60_000);

describe('the quarantine', () => {
  test('has each bad event under its reason, and no other', async () => {
    const counts = await quarantine.count();
    const wanted = badReasons.map(
      reason => [reason, arrivals.filter(a => a.reason === reason).length] as const,
    );
    expect(wanted.filter(([, n]) => n === 0)).toEqual([]);
    expect(new Map(counts)).toEqual(new Map(wanted));
  });
});

/** The entities of a group that are compared: those with most events, and some with few. */
function sample(keys: readonly string[]): Map<string, readonly OracleEvent[]> {
  const all = Map.groupBy(accepted, e => keys.map(key => e.fields[key]).join(' '));
  const byEvents = [...all].sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1));
  const rest = byEvents.slice(15);
  const few = rest.filter((_, i) => i % Math.ceil(rest.length / 25) === 0);
  return new Map([...byEvents.slice(0, 15), ...few]);
}

function expectAsWanted(actual: unknown, { value, within }: Expected, what: string): void {
  if (within === 0) expect(actual, what).toEqual(value);
  else if (typeof value === 'number') expectNear(actual, value, within, what);
  else {
    expect(Object.keys(actual as object), what).not.toEqual([]);
    for (const [key, count] of Object.entries(actual as Record<string, number>))
      expectNear(count, (value as Record<string, number>)[key] ?? 0, within, `${what}, ${key}`);
  }
}

function expectNear(actual: unknown, wanted: number, within: number, what: string): void {
  expect(actual, what).toBeTypeOf('number');
  expect(Math.abs((actual as number) - wanted), `${what}: ${actual} for ${wanted}`).toBeLessThanOrEqual(
    within,
  );
}

describe.each(plan.groups.map(group => [group.name, group] as const))('%s', (name, group) => {
  const specs = expectations[name]!;
  const keys = plan.entities.find(e => e.name === group.entity)!.keys.map(k => k.name);

  test('has the oracle’s values, at once and a day later', async () => {
    const entities = sample(keys);
    expect(entities.size).toBeGreaterThanOrEqual(20);
    const asked = [...entities.values()].map(([first]) =>
      Object.fromEntries(keys.map(key => [key, first!.fields[key]])),
    );
    let compared = 0;
    for (const asOf of [query, query + 25 * hour]) {
      const { entities: results } = await reader.readGroup(name, asked, { asOf });
      for (const [i, [entity, list]] of [...entities].entries()) {
        for (const feature of group.features) {
          const spec = specs[nameOf(feature.name)]!;
          const what = `${entity} ${feature.name} as of ${new Date(asOf).toISOString()}`;
          const wanted = expected(spec, feature.window, list, asOf);
          expectAsWanted(results[i]!.values[feature.name], wanted, what);
          compared++;
        }
      }
    }
    expect(compared).toBe(2 * entities.size * group.features.length);
  });

  test('knows none that nothing happened to', async () => {
    const nobody = Object.fromEntries(keys.map(key => [key, 'nobody']));
    const { entities: results } = await reader.readGroup(name, [nobody]);
    expect(results[0]!.status).toBe('unknown');
    for (const feature of group.features) {
      const { value } = expected(specs[nameOf(feature.name)]!, feature.window, [], query);
      expect(results[0]!.values[feature.name], feature.name).toEqual(value);
    }
  });
});

/** Without its window. */
const nameOf = (feature: string): string => feature.replace(/_\d+[mhd]$/, '');

describe('ranking_v1', () => {
  test('is made of the groups’ values and what the request says', async () => {
    const [user] = sample(['user']).keys();
    const [item] = sample(['item']).keys();
    const { entities } = await reader.readService('ranking_v1', [{ user, item }], {
      context: { hour: 20, os: 'web', position: 1 },
    });
    const [{ status, values: v } = { status: 'none', values: {} as Record<string, unknown> }] = entities;
    const ofUser = (await reader.readGroup('user_engagement', [{ user }])).entities[0]!.values;
    const ofItem = (await reader.readGroup('item_popularity', [{ item }])).entities[0]!.values;
    expect(status).toBe('known');
    expect(v.user_ctr_7d).toBe((ofUser.clicks_7d as number) / (ofUser.impressions_7d as number));
    expect(v.item_acceleration).toBe(
      ((ofItem.impressions_1h as number) * 24) / (ofItem.impressions_24h as number),
    );
    expect(v.watch_to_duration).toBe((ofUser.watch_avg_7d as number) / (ofItem.duration_ms_90d as number));
    expect(v.ctr_ratio).toBe((v.item_ctr_24h as number) / (v.user_ctr_7d as number));
    expect(v.knows_category).toBe((v.user_categories_7d as string[]).includes(v.item_category_90d as string));
    expect(v.changed_os).toBe(v.user_os_90d !== 'web');
    expect(v.is_evening).toBe(true);
    expect(v.expected_watch_ms).toBe(
      (v.user_depth_1h as number | null) === null ? 0 : v.item_watch_median_24h,
    );
  });
});

test('the events were of every kind and action', () => {
  const kinds = new Set(arrivals.map(a => a.kind));
  expect([...kinds].sort()).toEqual(['ahead', 'bad', 'copy', 'fresh', 'late', 'reordered', 'stale-copy']);
  const actions = new Set<FeedEvent['action']>(arrivals.map(a => a.event.action));
  expect(actions.size).toBe(7);
  expect(accepted.length).toBeGreaterThan(18_000);
});
