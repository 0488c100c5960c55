import { expect } from 'vitest';
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
} from '../../../lib/define/index.ts';
import type { StateStore } from '../../../lib/runtime/ports.ts';
import { createReader } from '../../../lib/runtime/read.ts';
import { localRowLimits, type RowLimits } from '../../../lib/runtime/rows.ts';
import { createTransform } from '../../../lib/runtime/transform.ts';
import { createMemoryQuarantine } from '../../support/memory-quarantine.ts';
import {
  createMemory,
  createMemoryStateStore,
  type MemoryStateStoreOptions,
} from '../../support/memory-state-store.ts';
import { createMemoryUnapplied } from '../../support/memory-unapplied.ts';

/** What the tests of reads share: sales of a shop, transformed into rows. */

export const now = Date.UTC(2024, 4, 1, 12);
export const minute = 60_000;

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

export const userSales = featureGroup('user_sales', {
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

export const ranking = featureService(
  'ranking',
  [
    userSales.pick('sales_24h', 'spent_24h', 'items_24h', 'by_item_24h', 'mean'),
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
      no_counts: f.by_item_24h.isNull(),
    }),
  },
);

export const { plan, functions } = definitions({
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

export async function setUp(
  sold: readonly Sale[],
  faults: MemoryStateStoreOptions = {},
  limits: RowLimits = localRowLimits,
) {
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
    limits,
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

export const context = { price: 3, sales_24h: null };
