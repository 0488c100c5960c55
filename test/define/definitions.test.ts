import { expect, test } from 'vitest';
import { canonicalJson, contentHash } from '../../lib/define/canonical-json.ts';
import {
  defineFunction,
  definitions,
  featureGroup,
  featureService,
  last,
  string,
} from '../../lib/define/index.ts';
import { compileExpression } from '../../lib/kernel/index.ts';
import { example, interactions, itemPopularity, rankingV1, user, userEngagement } from './example.ts';

const { plan } = example;

test('a Plan lists entities, streams, groups and services by name', () => {
  const names = (defined: readonly { readonly name: string }[]) => defined.map(d => d.name);
  expect(names(plan.entities)).toEqual(['item', 'user']);
  expect(names(plan.streams)).toEqual(['interactions']);
  expect(names(plan.groups)).toEqual(['item_popularity', 'user_engagement']);
  expect(names(plan.services)).toEqual(['ranking_v1']);
});

test('a Plan is plain JSON, frozen, and does not depend on the order of definitions', () => {
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  expect(Object.isFrozen(plan.groups[0]?.features)).toBe(true);
  const again = definitions({ services: [rankingV1], groups: [itemPopularity, userEngagement] }).plan;
  expect(JSON.stringify(again)).toBe(JSON.stringify(plan));
});

test("a Plan's hash is that of its content", () => {
  const { hash, ...content } = plan;
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect(contentHash(content)).toBe(hash);
  expect(definitions({ groups: [itemPopularity] }).plan.hash).not.toBe(hash);
});

test('canonical JSON sorts keys and leaves undefined out', () => {
  expect(canonicalJson({ b: [1, { d: null, c: 'x' }], a: undefined, B: true })).toBe(
    '{"B":true,"b":[1,{"c":"x","d":null}]}',
  );
});

test('streams and entities keep what people say of them', () => {
  expect(plan.entities.find(e => e.name === 'user')).toMatchObject({ owner: 'identity' });
  const field = plan.streams[0]?.schema.find(f => f.name === 'user_id');
  expect(field).toEqual({ name: 'user_id', type: { kind: 'string' }, tags: ['pii'] });
});

test('a stream without since begins in 2000', () => {
  expect(interactions.plan.since).toBe(Date.UTC(2000, 0, 1));
});

test('a service is a vector in the order of its parts, under their names in it', () => {
  const { features, context, onDemand } = rankingV1.plan;
  expect(features).toHaveLength(userEngagement.plan.features.length + 2);
  expect(features[0]).toEqual({ name: 'clicks_1h', group: 'user_engagement', feature: 'clicks_1h' });
  expect(features.at(-2)).toEqual({ name: 'ctr_24h', group: 'user_engagement', feature: 'ctr_24h' });
  expect(features.at(-1)).toEqual({ name: 'item_clicks_1h', group: 'item_popularity', feature: 'clicks_1h' });
  expect(context).toEqual([
    { name: 'price', type: { kind: 'float' } },
    { name: 'hour', type: { kind: 'int' }, optional: true },
  ]);
  expect(onDemand.map(d => d.name)).toEqual(['price_to_spent']);
});

test('on-demand features read the vector and the context', () => {
  const { onDemand } = rankingV1.plan;
  const value = compileExpression(onDemand[0]!.expression)({ 'context.price': 5, spent_24h: 250 });
  expect(value).toBe(2);
});

test('derived features read the group', () => {
  const derived = userEngagement.plan.derived[0]!;
  expect(derived).toMatchObject({
    name: 'ctr_24h',
    type: { kind: 'float' },
    description: 'Clicks an impression.',
  });
  expect(compileExpression(derived.expression)({ clicks_24h: 1, impressions_24h: 4 })).toBe(0.25);
});

test('prefixes and picks can follow each other', () => {
  const part = itemPopularity.prefix('item_').pick('item_clicks_24h').prefix('x_');
  expect(featureService('s', [part]).plan.features).toEqual([
    { name: 'x_item_clicks_24h', group: 'item_popularity', feature: 'clicks_24h' },
  ]);
});

test('the functions that are called stand beside the Plan', () => {
  const trim = defineFunction('trim', { version: 1, parameters: [string()], returns: string() }, s =>
    s.trim(),
  );
  const group = featureGroup('g', {
    entity: user,
    from: interactions,
    features: e => ({ a: last(trim(e.item_id)) }),
  });
  const service = featureService('s', [group], { onDemand: f => ({ b: trim(f.a) }) });
  const { functions } = definitions({ groups: [group], services: [service] });
  expect([...functions.keys()]).toEqual(['trim']);
  expect(functions.get('trim')?.(' x ')).toBe('x');
});

test('definitions are found by name', () => {
  expect(example.groups.item_popularity).toBe(itemPopularity);
  expect(example.services.ranking_v1).toBe(rankingV1);
});
