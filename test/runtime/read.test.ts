import { describe, expect, test } from 'vitest';
import {
  count,
  decimal,
  definitions,
  distinct,
  entity,
  featureGroup,
  featureService,
  float,
  histogram,
  int,
  int64,
  last,
  lastK,
  max,
  record,
  stream,
  string,
  sum,
  timestamp,
} from '../../lib/define/index.ts';
import { StoreError } from '../../lib/runtime/errors.ts';
import type { StateStore } from '../../lib/runtime/ports.ts';
import { createReader, ReadRequestError } from '../../lib/runtime/read.ts';
import { createTransform } from '../../lib/runtime/transform.ts';
import { createMemoryQuarantine } from '../support/memory-quarantine.ts';
import {
  createMemory,
  createMemoryStateStore,
  type MemoryStateStoreOptions,
} from '../support/memory-state-store.ts';
import { createMemoryUnapplied } from '../support/memory-unapplied.ts';

const now = Date.UTC(2024, 4, 1, 12);
const minute = 60_000;

const user = entity('user', { keys: { user: string() } });
const item = entity('item', { keys: { item: string() } });
const pair = entity('pair', { keys: { user: string(), item: string() } });
const account = entity('account', { keys: { account: int64() } });

const sales = stream('sales', {
  schema: {
    user: string(),
    item: string(),
    account: int64(),
    price: decimal(2).nullable(),
    weight: float().nullable(),
    ts: timestamp(),
  },
  eventTime: 'ts',
  key: 'user',
});

const userSales = featureGroup('user_sales', {
  entity: user,
  from: sales,
  features: e => ({
    sales: count().over('1h', '24h'),
    spent: sum(e.price).over('24h').default(0),
    largest: max(e.price).over('24h'),
    items: distinct(e.item, { limit: 2 }).over('24h'),
    by_item: histogram(e.item).over('24h'),
    basket: lastK(record({ item: e.item, price: e.price }), 2).over('24h'),
    latest: last(e.ts),
    latest_account: last(e.account),
    weight: last(e.weight).over('24h'),
  }),
  derived: f => ({
    mean: f.spent_24h.div(f.sales_24h),
    mean_doubled: f.spent_24h.div(f.sales_24h).mul(2),
  }),
});
const itemSales = featureGroup('item_sales', {
  entity: item,
  from: sales,
  features: e => ({ sales: count().over('24h'), spent: sum(e.price).over('24h') }),
});
const pairSales = featureGroup('pair_sales', {
  entity: pair,
  from: sales,
  features: () => ({ sales: count().over('24h') }),
});
const accountSales = featureGroup('account_sales', {
  entity: account,
  from: sales,
  features: () => ({ sales: count().over('24h') }),
});

const ranking = featureService(
  'ranking',
  [
    userSales.pick('sales_24h', 'spent_24h', 'items_24h', 'mean'),
    itemSales.prefix('item_'),
    pairSales.prefix('pair_'),
  ],
  {
    // A context field may have a feature's name: which is meant is clear from where it is taken.
    context: { price: decimal(2), hour: int().optional(), sales_24h: int().nullable() },
    onDemand: (f, context) => ({
      price_to_mean: context.price.div(f.mean),
      is_cheap: context.price.lt(f.item_spent_24h),
      sales_sum: f.sales_24h.add(context.sales_24h.coalesce(100)),
      night: context.hour.lt(6),
      known_sales: f.item_sales_24h.coalesce(0),
    }),
  },
);

const { plan, functions } = definitions({
  groups: [userSales, itemSales, pairSales, accountSales],
  services: [ranking],
});

interface Sale {
  readonly user?: string;
  readonly item?: string;
  readonly account?: string;
  readonly price?: number | null;
  readonly weight?: number | null;
  readonly ts?: number;
}

async function setUp(sold: readonly Sale[], faults: MemoryStateStoreOptions = {}) {
  const memory = createMemory();
  let time = now;
  const clock = { now: () => time };
  const transform = createTransform({
    plan,
    functions,
    stream: 'sales',
    incarnation: 'sales-1',
    store: createMemoryStateStore({}, memory),
    quarantine: createMemoryQuarantine(),
    unapplied: createMemoryUnapplied(),
    clock,
  });
  const counts = await transform({
    shard: 'a',
    records: sold.map((sale, i) => ({
      shard: 'a',
      sequence: i + 1,
      arrivalTime: now,
      data: Buffer.from(
        JSON.stringify({
          user: 'u1',
          item: 'i1',
          account: '1',
          price: 1,
          weight: null,
          ts: now - minute,
          ...sale,
        }),
      ),
    })),
  });
  expect(counts.accepted).toBe(sold.length);
  const store = createMemoryStateStore(faults, memory);
  const over = (other: StateStore) => createReader({ plan, functions, store: other, clock });
  return {
    memory,
    store,
    over,
    reader: over(store),
    setClock: (to: number) => {
      time = to;
    },
  };
}

const context = { price: 3, sales_24h: null };

describe('a group', () => {
  test('gives every feature of every entity asked for, in order, as JSON has it', async () => {
    const { reader } = await setUp([
      { item: 'i1', price: 2.5, account: '9007199254740993', ts: now - 2 * minute },
      { item: 'i2', price: 0.1, account: '9007199254740993', weight: -0, ts: now - minute },
      { user: 'u2' },
    ]);
    const keys = [{ user: 'nobody' }, { user: 'u1' }, { user: 'u2' }, { user: 'u1' }];
    const { asOf, entities } = await reader.readGroup('user_sales', keys);
    expect(asOf).toBe(now);
    expect(entities.map(e => e.status)).toEqual(['unknown', 'known', 'known', 'known']);
    expect(entities[1]).toEqual({
      status: 'known',
      values: {
        sales_1h: 2,
        sales_24h: 2,
        spent_24h: 2.6,
        largest_24h: 2.5,
        items_24h: ['i1', 'i2'],
        by_item_24h: { i1: 1, i2: 1 },
        basket_24h: [
          { item: 'i2', price: 0.1 },
          { item: 'i1', price: 2.5 },
        ],
        latest: now - minute,
        latest_account: 9007199254740993n,
        weight_24h: 0,
        mean: 1.3,
        mean_doubled: 2.6,
      },
    });
    expect(entities[3]).toEqual(entities[1]);
    expect(entities[2]!.values).toMatchObject({ sales_24h: 1, mean: 1 });
    const { latest_account: _, ...values } = entities[1]!.values;
    expect(JSON.parse(JSON.stringify(values))).toEqual(values);
  });

  test('of an entity that is not known has the values of no events', async () => {
    const { reader } = await setUp([]);
    const { entities } = await reader.readGroup('user_sales', [{ user: 'nobody' }]);
    expect(entities).toEqual([
      {
        status: 'unknown',
        values: {
          sales_1h: 0,
          sales_24h: 0,
          spent_24h: 0,
          largest_24h: null,
          items_24h: [],
          by_item_24h: {},
          basket_24h: [],
          latest: null,
          latest_account: null,
          weight_24h: null,
          mean: null,
          mean_doubled: null,
        },
      },
    ]);
  });

  test('of an entity whose events have all gone from the windows: known, with the same values', async () => {
    const { reader, setClock } = await setUp([{ weight: 1 }]);
    setClock(now + 48 * 60 * minute);
    const { entities } = await reader.readGroup('user_sales', [{ user: 'u1' }, { user: 'nobody' }]);
    expect(entities[0]!.status).toBe('known');
    expect(entities[0]!.values).toEqual({
      ...entities[1]!.values,
      latest: now - minute,
      latest_account: 1n,
    });
  });

  test('flags a value that is not the whole truth, and only it', async () => {
    const { reader } = await setUp(['i1', 'i2', 'i3'].map(bought => ({ item: bought })));
    const { entities } = await reader.readGroup('user_sales', [{ user: 'u1' }, { user: 'nobody' }]);
    expect(entities[0]!.flags).toEqual({ items_24h: 'overflow' });
    expect(entities[0]!.values.items_24h).toHaveLength(2);
    expect(entities[1]).not.toHaveProperty('flags');
  });

  test('asked for nobody is an empty answer', async () => {
    const { reader } = await setUp([]);
    expect(await reader.readGroup('user_sales', [])).toEqual({ asOf: now, entities: [] });
  });
});

describe('the query time', () => {
  const key = [{ user: 'u1' }];

  test('is the clock, where that is past every event', async () => {
    const { reader, setClock } = await setUp([{ ts: now - minute }]);
    setClock(now + 5);
    expect((await reader.readGroup('user_sales', key)).asOf).toBe(now + 5);
  });

  test.each([-1000, -1, 0])(
    'is a millisecond past the newest event, where the clock is %i ms off',
    async off => {
      const { reader, setClock } = await setUp([{ ts: now }]);
      setClock(now + off);
      const { asOf, entities } = await reader.readGroup('user_sales', key);
      expect(asOf).toBe(now + 1);
      expect(entities[0]!.values.sales_1h).toBe(1);
    },
  );

  test('is one for all entities, and for all groups of a service', async () => {
    const { reader, setClock } = await setUp([
      { user: 'u1', item: 'i1', ts: now - 2 * 60 * minute },
      { user: 'u2', item: 'i2', ts: now },
    ]);
    setClock(now - 70 * minute);
    const group = await reader.readGroup('user_sales', [{ user: 'u1' }, { user: 'u2' }]);
    expect(group.asOf).toBe(now + 1);
    // By the clock alone, u1's sale would lie within the hour.
    expect(group.entities.map(e => e.values.sales_1h)).toEqual([0, 1]);
    const vector = await reader.readService('ranking', [{ user: 'u1', item: 'i2' }], { context });
    expect(vector.asOf).toBe(now + 1);
  });

  test('may be named, if it is past the newest event of every row', async () => {
    const { reader } = await setUp([{ ts: now - minute }, { user: 'u2', ts: now }]);
    const at = (asOf: number, keys: { user: string }[] = key) =>
      reader.readGroup('user_sales', keys, { asOf });
    expect((await at(now - minute + 1)).asOf).toBe(now - minute + 1);
    expect((await at(now + 59 * minute)).entities[0]!.values.sales_1h).toBe(1);
    expect((await at(now + 65 * minute)).entities[0]!.values.sales_1h).toBe(0);
    await expect(at(now - minute)).rejects.toThrow(
      new ReadRequestError(
        'asOf 2024-05-01T11:59:00.000Z is not past the newest event read, 2024-05-01T11:59:00.000Z: ' +
          'rows answer for now; past times are answered from the archive',
      ),
    );
    await expect(at(now, [...key, { user: 'u2' }])).rejects.toThrow(ReadRequestError);
    expect((await at(now - minute, [{ user: 'nobody' }])).asOf).toBe(now - minute);
  });

  test.each([Number.NaN, 1.5, Number.POSITIVE_INFINITY, 2 ** 60])(
    'is whole milliseconds, and not %d',
    async asOf => {
      const { reader } = await setUp([]);
      await expect(reader.readGroup('user_sales', key, { asOf })).rejects.toThrow(
        `asOf must be whole milliseconds since 1970, got ${asOf}`,
      );
    },
  );
});

describe('a key', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['user_sales', {}, 'a key of entity user needs user (string); user is missing'],
    ['user_sales', { user: null }, 'a key of entity user needs user (string); user is missing'],
    ['user_sales', { user: 7 }, 'a key of entity user needs user (string); user is no string'],
    ['user_sales', { user: '' }, 'a key of entity user needs user (string); user is empty'],
    ['user_sales', { user: '\ud800' }, 'a key of entity user needs user (string); user is no string'],
    ['user_sales', { user: 'x'.repeat(1025) }, 'a key of entity user is longer than 1024 bytes'],
    [
      'pair_sales',
      { user: 'u1' },
      'a key of entity pair needs user (string), item (string); item is missing',
    ],
    [
      'pair_sales',
      { user: 'x'.repeat(600), item: 'x'.repeat(600) },
      'a key of entity pair is longer than 1024 bytes',
    ],
    [
      'account_sales',
      { account: '1.5' },
      'a key of entity account needs account (int64); account is no int64',
    ],
    [
      'account_sales',
      { account: 2 ** 53 },
      'a key of entity account needs account (int64); account is no int64',
    ],
  ])('of %s that is none is refused: %#', async (group, key, message) => {
    const { reader } = await setUp([]);
    await expect(reader.readGroup(group, [key])).rejects.toThrow(new ReadRequestError(message));
  });

  test('of one bad entity is refused before anything is read', async () => {
    const { reader, store } = await setUp([]);
    await expect(reader.readGroup('user_sales', [{ user: 'u1' }, {}])).rejects.toThrow(ReadRequestError);
    await expect(reader.readService('ranking', [{ user: 'u1' }], { context })).rejects.toThrow(
      'a key of entity item needs item (string); item is missing',
    );
    expect(store.counts.reads).toBe(0);
  });

  test.each([[9007199254740993n], ['9007199254740993']])('may be an int64 past 2^53: %s', async id => {
    const { reader } = await setUp([{ account: '9007199254740993' }, { account: '9007199254740992' }]);
    const { entities } = await reader.readGroup('account_sales', [{ account: id }]);
    expect(entities[0]).toMatchObject({ status: 'known', values: { sales_24h: 1 } });
  });

  test('of several parts is not confused with another by what joins them', async () => {
    const sold = [
      { user: 'a|b', item: 'c' },
      { user: 'a', item: 'b|c' },
      { user: 'a', item: 'b|c' },
      { user: 'a\\', item: '|b|c' },
    ];
    const { reader } = await setUp(sold);
    const keys = [...sold.slice(1), { user: 'a', item: '\\|b|c' }];
    const { entities } = await reader.readGroup('pair_sales', keys);
    expect(entities.map(e => [e.status, e.values.sales_24h])).toEqual([
      ['known', 2],
      ['known', 2],
      ['known', 1],
      ['unknown', 0],
    ]);
  });

  test('may have more parts than the entity', async () => {
    const { reader } = await setUp([{}]);
    const { entities } = await reader.readGroup('user_sales', [{ user: 'u1', item: 'i1', other: [] }]);
    expect(entities[0]!.status).toBe('known');
  });
});

describe('a service', () => {
  test('is a vector: picks in their order under their names, then what is computed on demand', async () => {
    const { reader } = await setUp([{ price: 2 }, { price: 4 }, { user: 'u2', price: 10 }]);
    const { entities } = await reader.readService('ranking', [{ user: 'u1', item: 'i1' }], {
      context: { price: 6, hour: 3, sales_24h: 40 },
    });
    expect(entities).toEqual([
      {
        status: 'known',
        values: {
          sales_24h: 2,
          spent_24h: 6,
          items_24h: ['i1'],
          mean: 3,
          item_sales_24h: 3,
          item_spent_24h: 16,
          pair_sales_24h: 2,
          price_to_mean: 2,
          is_cheap: true,
          sales_sum: 42,
          night: true,
          known_sales: 3,
        },
      },
    ]);
    expect(Object.keys(entities[0]!.values)).toEqual([
      ...ranking.plan.features.map(f => f.name),
      ...ranking.plan.onDemand.map(f => f.name),
    ]);
  });

  test('reads each of its groups once for all entities', async () => {
    const { reader, store } = await setUp([{}, { user: 'u2', item: 'i2' }]);
    const keys = ['u1', 'u2', 'u3'].flatMap(u => ['i1', 'i2'].map(i => ({ user: u, item: i })));
    const { entities } = await reader.readService('ranking', keys, { context });
    expect(store.counts).toMatchObject({ reads: 3, rowsRead: 18 });
    expect(entities.map(e => e.values.pair_sales_24h)).toEqual([1, 0, 0, 1, 0, 0]);
    expect(entities.map(e => e.values.item_sales_24h)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test('is known if one of its rows is; null context makes null, unless told otherwise', async () => {
    const { reader } = await setUp([{ price: null }]);
    const { entities } = await reader.readService(
      'ranking',
      [
        { user: 'u1', item: 'other' },
        { user: 'nobody', item: 'other' },
      ],
      { context },
    );
    expect(entities.map(e => e.status)).toEqual(['known', 'unknown']);
    expect(entities[0]!.values).toMatchObject({
      spent_24h: 0,
      item_spent_24h: null,
      price_to_mean: null,
      is_cheap: null,
      sales_sum: 101,
      night: null,
    });
  });

  test('passes flags on under the names of the vector', async () => {
    const { reader } = await setUp(['i1', 'i2', 'i3'].map(bought => ({ item: bought })));
    const { entities } = await reader.readService('ranking', [{ user: 'u1', item: 'i1' }], { context });
    expect(entities[0]!.flags).toEqual({ items_24h: 'overflow' });
  });

  test.each<[Record<string, unknown>, string]>([
    [{ sales_24h: 1 }, 'service ranking needs context field price (decimal), got none'],
    [{ ...context, price: null }, 'service ranking needs context field price (decimal), got null'],
    [{ ...context, price: 'dear' }, 'service ranking needs context field price (decimal), got "dear"'],
    [{ ...context, price: 0.001 }, 'service ranking needs context field price (decimal), got 0.001'],
    [
      { ...context, price: 10n ** 30n },
      'service ranking needs context field price (decimal), got 1000000000000000000000000000000',
    ],
    [{ ...context, price: [1] }, 'service ranking needs context field price (decimal), got a list of 1'],
    [{ ...context, hour: {} }, 'service ranking needs context field hour (int), got an object'],
    [{ ...context, hour: 1.5 }, 'service ranking needs context field hour (int), got 1.5'],
    [
      { ...context, colour: 'blue' },
      'service ranking takes no context field colour; it takes price, hour, sales_24h',
    ],
    [{ ...context, toString: 1 }, 'service ranking takes no context field toString'],
  ])('refuses a context that does not fit: %#', async (given, message) => {
    const { reader } = await setUp([]);
    const request = reader.readService('ranking', [{ user: 'u1', item: 'i1' }], { context: given });
    await expect(request).rejects.toThrow(ReadRequestError);
    await expect(request).rejects.toThrow(message);
  });
});

test('what is not in the Plan is refused by name', async () => {
  const { reader } = await setUp([]);
  await expect(reader.readGroup('user_sale', [])).rejects.toThrow(
    'there is no feature group user_sale; there is account_sales, item_sales, pair_sales, user_sales',
  );
  await expect(reader.readService('toString', [])).rejects.toThrow(
    'there is no feature service toString; there is ranking',
  );
});

describe('a row that cannot be read', () => {
  const nulls = Object.fromEntries(
    [...userSales.plan.features, ...userSales.plan.derived].map(f => [f.name, null]),
  );

  test.each([
    ['throttled', 'too many requests'],
    ['unavailable', 'the table is away'],
    ['corrupt', 'bad block'],
  ] as const)('fails each entity of the call: %s', async (reason, message) => {
    const { reader } = await setUp([{}], {
      before: () => {
        throw new StoreError(reason, message);
      },
    });
    const { asOf, entities } = await reader.readGroup('user_sales', [{ user: 'u1' }, { user: 'nobody' }]);
    expect(asOf).toBe(now);
    expect(entities).toEqual(
      ['u1', 'nobody'].map(key => ({
        status: 'failed',
        values: nulls,
        error: `table user_sales@1, row ${key}: ${message}`,
      })),
    );
  });

  test('is no excuse for a mistake of the program', async () => {
    const { reader } = await setUp([{}], {
      before: () => {
        throw new TypeError('undefined is not a function');
      },
    });
    await expect(reader.readGroup('user_sales', [{ user: 'u1' }])).rejects.toThrow(TypeError);
  });

  test.each<[string, (bytes: Uint8Array) => Uint8Array, string]>([
    ['empty', () => Uint8Array.of(), 'bytes end at 0, more were expected after 0'],
    ['cut off', bytes => bytes.subarray(0, 5), 'bytes end at 5'],
    ['too long', bytes => Uint8Array.of(...bytes, 0), 'row: 1 bytes after its end'],
    ['of no codec', bytes => Uint8Array.of(0, ...bytes.subarray(1)), 'row codec 0: there is none'],
    [
      'of a newer codec',
      bytes => Uint8Array.of(2, ...bytes.subarray(1)),
      'row codec 2: this code reads up to 1; run a newer release',
    ],
  ])('fails alone: %s', async (_, damage, message) => {
    const { reader, memory } = await setUp([{}, { user: 'u2' }]);
    const rows = memory.rows.get('user_sales@1')!;
    const row = rows.get('u1')!;
    rows.set('u1', { ...row, bytes: damage(row.bytes) });
    const keys = ['u1', 'u2', 'nobody'].map(u => ({ user: u }));
    const { entities } = await reader.readGroup('user_sales', keys);
    expect(entities.map(e => e.status)).toEqual(['failed', 'known', 'unknown']);
    expect(entities[0]).toEqual({
      status: 'failed',
      values: nulls,
      error: expect.stringContaining(`table user_sales@1, row u1: ${message}`),
    });
  });

  test('makes its vectors failed, with the values of the other groups and nothing computed', async () => {
    const { reader } = await setUp([{ price: 2 }], {
      before: (_, table) => {
        if (table === 'item_sales@1') throw new StoreError('throttled', 'too many requests');
      },
    });
    const { entities } = await reader.readService('ranking', [{ user: 'u1', item: 'i1' }], { context });
    expect(entities).toEqual([
      {
        status: 'failed',
        error: 'table item_sales@1, row i1: too many requests',
        values: {
          sales_24h: 1,
          spent_24h: 2,
          items_24h: ['i1'],
          mean: 2,
          item_sales_24h: null,
          item_spent_24h: null,
          pair_sales_24h: 1,
          price_to_mean: null,
          is_cheap: null,
          sales_sum: null,
          night: null,
          known_sales: null,
        },
      },
    ]);
  });
});
