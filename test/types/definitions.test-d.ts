import { describe, expectTypeOf, test } from 'vitest';
import {
  avg,
  count,
  decayedCount,
  defineFunction,
  distinct,
  type EntityKeys,
  type FeatureValues,
  featureGroup,
  first,
  histogram,
  type ListExpression,
  last,
  lastK,
  literal,
  type NumberExpression,
  record,
  type ServiceContext,
  type ServiceValues,
  type StringExpression,
  string,
  sum,
  timestamp,
  when,
} from '../../lib/define/index.ts';
import {
  type example,
  interactions,
  type itemPopularity,
  type rankingV1,
  user,
  userEngagement,
} from '../define/example.ts';

describe('feature values', () => {
  test('of a group: null unless they are counts, lists or maps, or have a default', () => {
    expectTypeOf<FeatureValues<typeof userEngagement>>().toEqualTypeOf<{
      clicks_1h: number;
      clicks_24h: number;
      clicks_7d: number;
      impressions_24h: number;
      watch_ms_24h: number | null;
      watch_ms_7d: number | null;
      spent_24h: number;
      recent_items: string[];
      recent_views_7d: { item: string | null; ms: number | null }[];
      items_seen_7d: number;
      price_by_action_lifetime: Record<string, number>;
      session: bigint | null;
      ctr_24h: number | null;
    }>();
  });

  test('of further kinds', () => {
    const group = featureGroup('g', {
      entity: user,
      from: interactions,
      features: e => ({
        action: last(e.action).over('1h'),
        moment: first(e.ts),
        sessions: distinct(e.session),
        flags: lastK(e.price.isNull(), 3),
        device: last(e.device),
        labels: last(e.labels),
        frequent: histogram(e.item_id, { top: 3 }),
        momentum: decayedCount({ halfLife: '7d' }),
        by_device: lastK(e.item_id, 3).by(e.device.get('os')),
        total: sum(e.session).default(0n),
        ratio: avg(e.watch_ms).over('24h', 'lifetime'),
      }),
      derived: f => ({
        known: f.ratio_24h.isNotNull(),
        kind: f.action_1h,
        last_label: when(f.momentum.gt(1), f.moment, null),
      }),
    });
    expectTypeOf<FeatureValues<typeof group>>().toEqualTypeOf<{
      action_1h: 'impression' | 'click' | 'like' | 'finish' | null;
      moment: number | null;
      sessions: bigint[];
      flags: boolean[];
      device: { os: string | null; memory: number | null } | null;
      labels: string[] | null;
      frequent: Record<string, number>;
      momentum: number;
      by_device: Record<string, string[]>;
      total: bigint;
      ratio_24h: number | null;
      ratio_lifetime: number | null;
      known: boolean | null;
      kind: 'impression' | 'click' | 'like' | 'finish' | null;
      last_label: number | null;
    }>();
  });

  test('of picks and prefixes', () => {
    const picked = userEngagement.pick('clicks_1h', 'session').prefix('user_');
    expectTypeOf<FeatureValues<typeof picked>>().toEqualTypeOf<{
      user_clicks_1h: number;
      user_session: bigint | null;
    }>();
  });
});

describe('services', () => {
  test('have the values of their parts and what is computed on demand', () => {
    type Values = ServiceValues<typeof rankingV1>;
    expectTypeOf<Values['clicks_1h']>().toEqualTypeOf<number>();
    expectTypeOf<Values['item_clicks_1h']>().toEqualTypeOf<number>();
    expectTypeOf<Values['price_to_spent']>().toEqualTypeOf<number | null>();
    expectTypeOf<Values>().not.toHaveProperty('item_clicks_24h');
    expectTypeOf<'nonsense' extends keyof Values ? true : false>().toEqualTypeOf<false>();
  });

  test('need the keys of all their entities, and their context', () => {
    expectTypeOf<EntityKeys<typeof rankingV1>>().toEqualTypeOf<{
      readonly user_id: string;
      readonly item: string;
    }>();
    expectTypeOf<ServiceContext<typeof rankingV1>>().toEqualTypeOf<{
      readonly price: number;
      readonly hour?: number | null;
    }>();
  });
});

test('entity keys of entities and groups', () => {
  expectTypeOf<EntityKeys<typeof user>>().toEqualTypeOf<{ readonly user_id: string }>();
  expectTypeOf<EntityKeys<typeof itemPopularity>>().toEqualTypeOf<{ readonly item: string }>();
});

test('a client infers groups and services by name', () => {
  type Groups = (typeof example)['groups'];
  expectTypeOf<keyof Groups>().toEqualTypeOf<'user_engagement' | 'item_popularity'>();
  expectTypeOf<FeatureValues<Groups['item_popularity']>>().toEqualTypeOf<{
    clicks_1h: number;
    clicks_24h: number;
  }>();
  type Services = (typeof example)['services'];
  expectTypeOf<ServiceValues<Services['ranking_v1']>['clicks_7d']>().toEqualTypeOf<number>();
});

test('expressions take the wider type', () => {
  const int = literal(1);
  expectTypeOf(int.add(2)).toEqualTypeOf<NumberExpression<'int'>>();
  expectTypeOf(int.add(0.5)).toEqualTypeOf<NumberExpression<'float'>>();
  expectTypeOf(int.add(literal(5n))).toEqualTypeOf<NumberExpression<'int64'>>();
  expectTypeOf(int.toDecimal(2).mul(0.5)).toEqualTypeOf<NumberExpression<'decimal'>>();
  expectTypeOf(int.toDecimal(2).sub(int)).toEqualTypeOf<NumberExpression<'decimal'>>();
  expectTypeOf(int.div(2)).toEqualTypeOf<NumberExpression<'float'>>();
  expectTypeOf(int.coalesce(literal(0.5))).toEqualTypeOf<NumberExpression<'float'>>();
  expectTypeOf(when(int.eq(1), int, 0.5)).toEqualTypeOf<NumberExpression<'float'>>();
  expectTypeOf(when(int.eq(1), literal('a'), 'b')).toEqualTypeOf<StringExpression<'a' | 'b'>>();
});

test('records keep their fields', () => {
  const view = record({ item: literal('x').toText(), ms: literal(1) });
  expectTypeOf(view.get('ms')).toEqualTypeOf<NumberExpression<'int'>>();
});

test('functions are called with values and return what they declare', () => {
  const f = defineFunction(
    'f',
    { version: 1, parameters: [string(), timestamp()], returns: string() },
    (text, time) => {
      expectTypeOf(text).toEqualTypeOf<string>();
      expectTypeOf(time).toEqualTypeOf<number>();
      return text;
    },
  );
  expectTypeOf(f(literal('x'), 5)).toEqualTypeOf<StringExpression>();
});

test('keys may be left out where fields have their names', () => {
  featureGroup('g', { entity: user, from: interactions, features: () => ({ n: count() }) });
  featureGroup('g', {
    entity: user,
    from: interactions,
    keys: { user_id: 'item_id' },
    features: () => ({ n: count() }),
  });
});

test('lists know their elements', () => {
  featureGroup('g', {
    entity: user,
    from: interactions,
    features: e => {
      expectTypeOf(e.labels).toEqualTypeOf<ListExpression<StringExpression>>();
      expectTypeOf(e.action).toEqualTypeOf<StringExpression<'impression' | 'click' | 'like' | 'finish'>>();
      return { n: count().where(e.labels.contains('x')) };
    },
  });
});
