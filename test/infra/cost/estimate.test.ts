import { describe, expect, test } from 'vitest';
import environments from '../../../features/environments.ts';
import { arrivalBytes, createFeed } from '../../../features/feed/generator/index.ts';
import feed from '../../../features/feed/index.ts';
import {
  count,
  definitions,
  entity,
  featureGroup,
  lastK,
  stream as streamOf,
  string,
  timestamp,
} from '../../../lib/define/index.ts';
import { type CostEstimate, estimateCost } from '../../../lib/infra/cost/estimate.ts';
import { measureSample, type SampleEvent } from '../../../lib/infra/cost/measure-sample.ts';
import { prices } from '../../../lib/infra/cost/prices.ts';
import type { Traffic } from '../../../lib/infra/cost/traffic.ts';
import { batchingOf } from '../../../lib/infra/cost/workload.ts';
import type { EnvironmentSettings } from '../../../lib/infra/environment/index.ts';

const prod = environments.find(({ name }) => name === 'prod')!;
const interactions = prod.streams.interactions!;

const traffic: Traffic = {
  eventsPerSecond: { interactions: 1_000 },
  entities: { user: 2_000_000, item: 500_000, author: 50_000, user_author: 4_000_000 },
  bytesPerEvent: 300,
  eventsPerRequest: 20,
  readsPerSecond: 25,
  entitiesPerRead: 100,
};

const estimate = (changed: Partial<Traffic> = {}, settings: EnvironmentSettings = prod): CostEstimate =>
  estimateCost(feed.plan, settings, { ...traffic, ...changed });

const costOf = ({ lines }: CostEstimate, item: RegExp): number =>
  lines.filter(line => item.test(line.item)).reduce((sum, line) => sum + line.cost, 0);

const stream = (changed: Partial<typeof interactions>): EnvironmentSettings => ({
  ...prod,
  streams: { interactions: { ...interactions, ...changed } },
});

const billed = environments.filter(({ platform }) => platform === 'aws');

test.each(billed)(
  'the feed at 1,000 events/s in $name: at most 40 % of one update for each event and group, all in',
  async settings => {
    const eventsPerSecond = 200;
    const { shards, batchSeconds } = batchingOf(settings.streams.interactions!, {
      eventsPerSecond: 1_000,
      bytesPerEvent: 300,
      eventsPerRequest: 20,
    });
    const measured = await measureSample({
      ...feed,
      stream: 'interactions',
      events: feedEvents(eventsPerSecond, 150),
      batching: { shards: (shards * eventsPerSecond) / 1_000, batchSeconds },
    });
    const { total, naiveTotal, lines } = estimate({ measured: { interactions: measured } }, settings);
    expect(total / naiveTotal).toBeLessThanOrEqual(0.4);
    // Both have all parts, and the naive one no more than its updates, its records and the time these take.
    expect(new Set(lines.map(({ part }) => part))).toEqual(
      new Set([
        'ingest',
        'stream',
        'transform',
        'rows',
        'archive',
        'reads',
        'keys',
        'watching',
        ...(settings.cache.kind === 'none' ? [] : ['cache']),
        ...(settings.network.kind === 'none' ? [] : ['network']),
      ]),
    );
    expect(naiveTotal).toBeGreaterThan(6 * 1_000 * 2_628_000 * prices.dynamoWriteUnit);
  },
);

describe('a line', () => {
  test('is its quantity times a price of the file', () => {
    const known = new Set([...Object.values(prices), ...Object.values(prices.cacheNodeHour)]);
    const { lines, total } = estimate();
    for (const line of lines) {
      expect(known, line.item).toContain(line.price);
      expect(line.cost, line.item).toBeCloseTo(line.quantity * line.price, 9);
      expect(line.formula, line.item).not.toMatch(/NaN|undefined|Infinity/);
    }
    expect(total).toBeCloseTo(
      lines.reduce((sum, line) => sum + line.cost, 0),
      6,
    );
  });

  test('of events in packed records counts half a KB lost to rounding', () => {
    // Twenty events over four shards: 5.02 a record, 1.5 KB.
    const gigabytes = estimate().lines.find(({ item }) => item === 'Kinesis interactions, in')!.quantity;
    expect(gigabytes).toBeCloseTo((199.2 * (1.475 + 0.5) * 2_628_000) / 1024 ** 2, -1);
    const alone = estimate({ eventsPerRequest: 1 }).lines.find(
      ({ item }) => item === 'Kinesis interactions, in',
    )!;
    expect(alone.quantity).toBeCloseTo((1_000 * 2_628_000) / 1024 ** 2, 6);
  });

  test.each<[string, RegExp, EnvironmentSettings, number]>([
    [
      'a provisioned stream is paid by the shard',
      /shards$/,
      stream({ source: { kind: 'provisioned', shards: 3 } }),
      3 * 730 * prices.kinesisShardHour,
    ],
    [
      'a stream of others is on their bill',
      /^Kinesis/,
      stream({ source: { kind: 'existing', arn: '', keyArn: null, incarnation: 'one' } }),
      0,
    ],
    ['a day of retention is free', /kept beyond/, stream({ retention: { days: 1 } }), 0],
    [
      'tables without recovery pay none',
      /PITR/,
      { ...prod, tables: { ...prod.tables, pointInTimeRecovery: 'off' } },
      0,
    ],
    [
      'nodes of a cache are paid by the hour',
      /^ElastiCache/,
      { ...prod, cache: { kind: 'nodes', nodeType: 'cache.t4g.small', replicas: 1 } },
      2 * 730 * 0.0256,
    ],
    ['an existing key is on its owner’s bill', /KMS key/, { ...prod, key: { kind: 'existing', arn: '' } }, 0],
    ['without tracing there are no traces', /X-Ray/, { ...prod, tracing: false }, 0],
  ])('%s', (_, item, settings, expected) => {
    expect(costOf(estimate({}, settings), item)).toBeCloseTo(expected, 6);
  });

  test('of a stream whose ids no group remembers is its own; the naive design has none', () => {
    const [withIds, plain] = [pagesWithIds, pages].map(from => {
      const group = featureGroup('by_site', {
        entity: entity('site', { keys: { site: string() } }),
        from,
        features: () => ({ views: count().over('1h') }),
      });
      const { plan } = definitions({ groups: [group], services: [] });
      return estimateCost(
        plan,
        { ...prod, streams: { pages: interactions } },
        {
          ...traffic,
          eventsPerSecond: { pages: 100 },
          entities: { site: 1_000 },
        },
      );
    });
    expect(costOf(plain!, /#ids/)).toBe(0);
    expect(costOf(withIds!, /#ids@1, writes/)).toBeCloseTo(
      100 * 1.05 * 2_628_000 * prices.dynamoWriteUnit,
      1,
    );
    expect(withIds!.naiveTotal).toBeCloseTo(plain!.naiveTotal, 0);
  });

  test('of rows falls as batches are gathered for longer', () => {
    const spread = { user: { gapSeconds: 5 }, item: { skew: 1 }, author: { skew: 1 } };
    const writes = [1, 5, 10, 60].map(seconds =>
      costOf(estimate({ spread }, stream({ batch: { window: { seconds }, records: 10_000 } })), /, writes$/),
    );
    expect(writes).toEqual(writes.toSorted((a, b) => b - a));
    expect(writes[3]).toBeLessThan(0.5 * writes[0]!);
  });
});

describe('a warning', () => {
  const limitsOf = (changed: Partial<Traffic>, settings?: EnvironmentSettings): string[] =>
    estimate(changed, settings)
      .warnings.filter(({ limit }) => limit !== 'price')
      .map(({ limit, of }) => `${limit}: ${of}`);

  test('is not given for the feed at 1,000 events/s', () => {
    expect(limitsOf({})).toEqual([]);
  });

  test.each<[string, string, Partial<Traffic>, EnvironmentSettings?]>([
    [
      'too few shards',
      'shard: interactions',
      { eventsPerRequest: 1 },
      stream({ source: { kind: 'provisioned', shards: 1 } }),
    ],
    [
      'a key that fills its shard',
      'hot key: interactions',
      { entities: { ...traffic.entities, user: 1 }, eventsPerRequest: 1 },
    ],
    [
      'batches that are full before their window ends',
      'batch: interactions',
      { eventsPerRequest: 1 },
      stream({ batch: { window: { seconds: 10 }, records: 100 } }),
    ],
    [
      'batches that take longer than they are gathered for',
      'transform time: interactions',
      { eventsPerSecond: { interactions: 20_000 } },
      stream({ source: { kind: 'provisioned', shards: 20 } }),
    ],
    [
      'more writes than a new table takes',
      'table capacity: user_sequence@1',
      { eventsPerSecond: { interactions: 5_000 } },
    ],
    [
      'a row that too many shards write',
      'partition: item_popularity@1',
      { eventsPerSecond: { interactions: 100_000 } },
      stream({
        source: { kind: 'provisioned', shards: 600 },
        batch: { window: { seconds: 1 }, records: 10_000 },
      }),
    ],
    ['more functions at once than an account has', 'concurrency: the account', { readsPerSecond: 20_000 }],
    ['requests that Lambda does not take', 'payload: interactions', { eventsPerRequest: 20_000 }],
  ])('is given for %s', (_, expected, changed, settings) => {
    expect(limitsOf(changed, settings)).toContain(expected);
  });

  test('knows what tables were warmed for', () => {
    const limits = limitsOf({ eventsPerSecond: { interactions: 3_500 } });
    expect(limits).toContain('table capacity: user_sequence@1');
    expect(limits).not.toContain('table capacity: user_engagement@1');
  });

  test('is given for a row that would not fit an item', () => {
    const wide = featureGroup('wide', {
      entity: entity('reader', { keys: { user: string() } }),
      from: pages,
      features: e => ({ last: lastK(e.page, 100).by(e.site, { limit: 64 }).over('7d') }),
    });
    const { plan } = definitions({ groups: [wide], services: [] });
    const { warnings } = estimateCost(
      plan,
      { ...prod, region: prices.region, streams: { pages: interactions } },
      {
        ...traffic,
        eventsPerSecond: { pages: 10 },
        entities: { reader: 1_000 },
      },
    );
    expect(warnings).toMatchObject([{ limit: 'item size', of: 'wide@1' }]);
  });

  test('says that another region has other prices', () => {
    expect(estimate().warnings.map(({ limit, of }) => `${limit}: ${of}`)).toContain('price: eu-central-1');
    expect(estimate({}, { ...prod, region: prices.region }).warnings).toEqual([]);
  });
});

const pagesWithIds = streamOf('pages', {
  schema: { id: string(), user: string(), page: string(), site: string(), ts: timestamp() },
  eventTime: 'ts',
  key: 'user',
  dedupe: { by: 'id', within: '1h' },
});
const pages = streamOf('pages', {
  schema: { user: string(), page: string(), site: string(), ts: timestamp() },
  eventTime: 'ts',
  key: 'user',
});

function feedEvents(eventsPerSecond: number, seconds: number): SampleEvent[] {
  const start = Date.UTC(2026, 0, 5, 18);
  const scale = eventsPerSecond / 1_000;
  const options = {
    seed: 1,
    users: 100_000 * scale,
    items: 50_000 * scale,
    authors: 5_000 * scale,
    start,
    eventsPerSecond,
    steady: true,
  };
  const events: SampleEvent[] = [];
  for (const arrival of createFeed(options)) {
    const { arrivalTime, event } = arrival;
    if (arrivalTime >= start + seconds * 1_000) break;
    events.push({ arrivalTime, partitionKey: event.user, data: arrivalBytes(arrival) });
  }
  return events;
}
