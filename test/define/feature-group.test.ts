import { describe, expect, test } from 'vitest';
import {
  approxDistinct,
  approxQuantile,
  avg,
  bottomK,
  count,
  decayedCount,
  decayedSum,
  defineFunction,
  distinct,
  distinctCount,
  entity,
  featureGroup,
  first,
  firstK,
  heavyHitters,
  histogram,
  last,
  lastK,
  max,
  min,
  record,
  stddev,
  string,
  sum,
  topK,
  variance,
} from '../../lib/define/index.ts';
import { formatType } from '../../lib/kernel/value-type.ts';
import { interactions, user, userEngagement } from './example.ts';

const hour = 3_600_000;
const day = 24 * hour;

describe('features', () => {
  test('are named with their windows, in the order of the definition', () => {
    expect(userEngagement.plan.features.map(f => [f.name, f.window])).toEqual([
      ['clicks_1h', hour],
      ['clicks_24h', day],
      ['clicks_7d', 7 * day],
      ['impressions_24h', day],
      ['watch_ms_24h', day],
      ['watch_ms_7d', 7 * day],
      ['spent_24h', day],
      ['recent_items', 'lifetime'],
      ['recent_views_7d', 7 * day],
      ['items_seen_7d', 7 * day],
      ['price_by_action_lifetime', 'lifetime'],
      ['session', 'lifetime'],
    ]);
  });

  test('carry the types of their values', () => {
    const types = Object.fromEntries(userEngagement.plan.features.map(f => [f.name, formatType(f.type)]));
    expect(types).toMatchObject({
      clicks_1h: 'int',
      spent_24h: 'decimal(2)',
      recent_items: 'list<string>',
      recent_views_7d: 'list<struct<item: string, ms: int>>',
      price_by_action_lifetime: 'map<string, float>',
      session: 'int64',
    });
  });

  test('say what people say of them', () => {
    const { plan } = featureGroup('g', {
      entity: user,
      from: interactions,
      owner: 'ranking',
      features: () => ({
        clicks: count().describe('All clicks.').tag('core').tag('core', 'daily').over('1h'),
      }),
      derived: f => ({ twice: f.clicks_1h.mul(2).describe('Twice.').owner('me') }),
    });
    expect(plan.owner).toBe('ranking');
    expect(plan.features[0]).toMatchObject({ description: 'All clicks.', tags: ['core', 'daily'] });
    expect(plan.derived[0]).toMatchObject({ description: 'Twice.', owner: 'me' });
  });

  test('keep defaults in external form, an int64 as text', () => {
    const { plan } = featureGroup('g', {
      entity: user,
      from: interactions,
      features: e => ({
        spent: sum(e.price).default(0.5),
        session: last(e.session).default(7n),
        os: last(e.item_id).default(''),
      }),
    });
    expect(plan.features.map(f => f.default)).toEqual([0.5, '7', '']);
  });
});

describe('slots', () => {
  test('of every aggregator', () => {
    const { plan } = featureGroup('g', {
      entity: user,
      from: interactions,
      features: e => ({
        events: count(),
        views: count(e.watch_ms),
        total: sum(e.watch_ms),
        mean: avg(e.watch_ms),
        least: min(e.item_id),
        most: max(e.ts),
        spread: variance(e.watch_ms, { sample: true }),
        deviation: stddev(e.watch_ms),
        begin: first(e.item_id),
        end: last(e.labels),
        begins: firstK(e.item_id, 3),
        ends: lastK(record({ item: e.item_id }), 3),
        dearest: topK(e.item_id, 5, { orderBy: e.price }),
        cheapest: bottomK(e.price, 5),
        items: distinct(e.item_id, { limit: 100 }),
        item_count: distinctCount(e.item_id, { limit: 100 }),
        item_estimate: approxDistinct(e.item_id, { precision: 10 }),
        median: approxQuantile(e.watch_ms, 0.5),
        p99: approxQuantile(e.watch_ms, 0.99),
        frequencies: histogram(e.action),
        frequent: histogram(e.action, { top: 2 }),
        hitters: heavyHitters(e.item_id, { top: 3, sample: 256 }),
        momentum: decayedCount({ halfLife: '12h' }),
        heat: decayedSum(e.score, { halfLife: '7d' }),
      }),
    });
    const field = (name: string) => expect.objectContaining({ kind: 'field', name });
    const windows = ['lifetime'];
    expect(plan.slots).toEqual([
      { aggregator: 'count', windows },
      { aggregator: 'count', input: field('watch_ms'), windows },
      { aggregator: 'sum', input: field('watch_ms'), windows },
      { aggregator: 'min', input: field('item_id'), windows },
      { aggregator: 'max', input: field('ts'), windows },
      { aggregator: 'moments', input: field('watch_ms'), windows },
      { aggregator: 'first', input: field('item_id'), windows },
      { aggregator: 'last', input: field('labels'), windows },
      { aggregator: 'firstK', input: field('item_id'), options: { k: 3 }, windows },
      { aggregator: 'lastK', input: expect.objectContaining({ kind: 'struct' }), options: { k: 3 }, windows },
      { aggregator: 'topK', input: field('item_id'), orderBy: field('price'), options: { k: 5 }, windows },
      { aggregator: 'bottomK', input: field('price'), options: { k: 5 }, windows },
      { aggregator: 'distinct', input: field('item_id'), options: { limit: 100 }, windows },
      { aggregator: 'approxDistinct', input: field('item_id'), options: { precision: 10 }, windows },
      { aggregator: 'quantile', input: field('watch_ms'), options: { accuracy: 0.01 }, windows },
      { aggregator: 'histogram', input: field('action'), options: { limit: 1024 }, windows },
      { aggregator: 'heavyHitters', input: field('item_id'), options: { limit: 256 }, windows },
      { aggregator: 'decayed', options: { halfLifeMs: 12 * hour }, windows },
      { aggregator: 'decayed', input: field('score'), options: { halfLifeMs: 7 * day }, windows },
    ]);
    const read = plan.features.map(f => [f.name, f.slot, f.finalizer, f.options, formatType(f.type)]);
    expect(read).toEqual([
      ['events', 0, 'value', undefined, 'int'],
      ['views', 1, 'value', undefined, 'int'],
      ['total', 2, 'value', undefined, 'int'],
      ['mean', 2, 'avg', undefined, 'float'],
      ['least', 3, 'value', undefined, 'string'],
      ['most', 4, 'value', undefined, 'timestamp'],
      ['spread', 5, 'variance', { sample: true }, 'float'],
      ['deviation', 5, 'stddev', undefined, 'float'],
      ['begin', 6, 'value', undefined, 'string'],
      ['end', 7, 'value', undefined, 'list<string>'],
      ['begins', 8, 'value', undefined, 'list<string>'],
      ['ends', 9, 'value', undefined, 'list<struct<item: string>>'],
      ['dearest', 10, 'value', undefined, 'list<string>'],
      ['cheapest', 11, 'value', undefined, 'list<decimal(2)>'],
      ['items', 12, 'value', undefined, 'list<string>'],
      ['item_count', 12, 'size', undefined, 'int'],
      ['item_estimate', 13, 'size', undefined, 'int'],
      ['median', 14, 'quantile', { q: 0.5 }, 'float'],
      ['p99', 14, 'quantile', { q: 0.99 }, 'float'],
      ['frequencies', 15, 'top', undefined, 'map<string, int>'],
      ['frequent', 15, 'top', { top: 2 }, 'map<string, int>'],
      ['hitters', 16, 'top', { top: 3 }, 'map<string, int>'],
      ['momentum', 17, 'value', undefined, 'float'],
      ['heat', 18, 'value', undefined, 'float'],
    ]);
  });

  test('are shared by equal aggregations, over all their windows, ascending, lifetime last', () => {
    const { plan } = featureGroup('g', {
      entity: user,
      from: interactions,
      features: e => ({
        a: count().where(e.action.eq('click')).over('7d', 'lifetime'),
        b: count().where(e.action.eq('like')).over('1h'),
        c: count().where(e.action.eq('click')).over('1h', '90d'),
      }),
    });
    expect(plan.slots.map(slot => slot.windows)).toEqual([[hour, 7 * day, 90 * day, 'lifetime'], [hour]]);
    expect(plan.features.map(f => f.slot)).toEqual([0, 0, 1, 0, 0]);
  });

  test('are kept apart by any part of the aggregation', () => {
    const { plan } = featureGroup('g', {
      entity: user,
      from: interactions,
      features: e => ({
        a: count(),
        b: count(e.item_id),
        c: count().by(e.action),
        d: count().by(e.action, { limit: 65 }),
        f: count().by(e.item_id),
        g: lastK(e.item_id, 3),
        h: lastK(e.item_id, 4),
        i: topK(e.item_id, 3),
        j: topK(e.item_id, 3, { orderBy: e.ts }),
      }),
    });
    expect(plan.slots).toHaveLength(9);
  });

  test("see the group's condition before their own", () => {
    const { plan } = featureGroup('g', {
      entity: user,
      from: interactions,
      where: e => e.watch_ms.gt(0),
      features: e => ({
        all: count(),
        clicks: count().where(e.action.eq('click')).where(e.price.isNotNull()),
      }),
    });
    expect(plan.slots[0]?.where).toMatchObject({ kind: 'comparison', operator: '>' });
    expect(plan.slots[1]?.where).toMatchObject({
      kind: 'and',
      operands: [{ operator: '>' }, { operator: '=' }, { kind: 'not' }],
    });
  });
});

describe('groups', () => {
  test('read entity keys from fields of the same name, or those they are told', () => {
    const both = entity('user_item', { keys: { user_id: string(), item: string() } });
    const { plan } = featureGroup('g', {
      entity: both,
      from: interactions,
      keys: { item: 'item_id' },
      features: () => ({ n: count() }),
    });
    expect(plan.keys).toEqual(['user_id', 'item_id']);
  });

  test('that call a function are for the kernel only', () => {
    const shout = defineFunction('shout', { version: 2, parameters: [string()], returns: string() }, s =>
      s.toUpperCase(),
    );
    const called = featureGroup('g', {
      entity: user,
      from: interactions,
      features: e => ({ a: last(shout(e.item_id)) }),
    });
    expect(called.plan.kernelOnly).toBe(true);
    expect(called.functions.get('shout')?.('a')).toBe('A');
    expect(userEngagement.plan).not.toHaveProperty('kernelOnly');
    const derived = featureGroup('g', {
      entity: user,
      from: interactions,
      features: e => ({ a: last(e.item_id) }),
      derived: f => ({ b: shout(f.a) }),
    });
    expect(derived.plan.kernelOnly).toBe(true);
  });
});
