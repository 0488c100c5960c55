import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeEach, describe, expect, test } from 'vitest';
import retail from '../../features/retail/index.ts';
import { startService } from './running.ts';

/* `shared` in a request for features: parts of the key that stand once for all entities. */

let service: Awaited<ReturnType<typeof startService>>;
beforeEach(async () => {
  service = await startService({ definitions: retail });
});

const context = { price: 2.5 };
const ask = (more: object) =>
  service.post('/v1/features', JSON.stringify({ service: 'ranking', context, ...more }));

/** The values of an answer's entities by name, shared ones included. */
const valuesOf = ({ json: { features, shared, entities } }: Awaited<ReturnType<typeof ask>>) =>
  entities.map(({ values }: { values: unknown[] }) => ({
    ...Object.fromEntries(
      (shared?.features ?? []).map((name: string, i: number) => [name, shared.values[i]]),
    ),
    ...Object.fromEntries(features.map((name: string, i: number) => [name, values[i]])),
  }));

test('what it decides alone stands once, and all is as of the whole keys', async () => {
  const sale = { line: 1, user: 'ann', item: 'mug', type: 'purchase', invoice: '1', qty: 2, price: 2.5 };
  await service.sendLines([JSON.stringify({ ...sale, ts: Date.now(), country: 'France' })]);
  await service.caughtUp();
  const asOf = Date.now() + 1_000;
  const whole = ['mug', 'cup'].map(item => ({ user: 'ann', item }));
  const expected = await ask({ asOf, entities: whole });
  expect(expected.json.entities[0].status).toBe('known');
  const shared = await ask({ asOf, shared: { user: 'ann' }, entities: [{ item: 'mug' }, { item: 'cup' }] });
  const { services, groups, entities } = retail.plan;
  const keyOf = (group: string) =>
    entities.find(e => e.name === groups.find(g => g.name === group)!.entity)!.keys.map(k => k.name);
  const ofUser = services
    .find(s => s.name === 'ranking')!
    .features.filter(f => `${keyOf(f.group)}` === 'user');
  expect(ofUser.length).toBeGreaterThan(0);
  expect(shared.json.shared.features).toEqual(ofUser.map(f => f.name));
  expect(shared.json.features).toEqual(
    expected.json.features.filter((name: string) => !shared.json.shared.features.includes(name)),
  );
  expect(valuesOf(shared)).toEqual(valuesOf(expected));
  expect(shared.json.entities.map((e: { status: string }) => e.status)).toEqual(['known', 'known']);
  expect(expected.json.shared).toBeUndefined();
});

test('where it decides nothing alone, nothing stands once', async () => {
  const answer = await ask({ shared: {}, entities: [{ user: 'ann', item: 'mug' }] });
  expect(answer.json.shared).toEqual({ features: [], values: [] });
  expect(valuesOf(answer)).toEqual(valuesOf(await ask({ entities: [{ user: 'ann', item: 'mug' }] })));
});

test('where it decides all, entities have only what is computed on demand', async () => {
  const answer = await ask({ shared: { user: 'ann', item: 'mug' }, entities: [{}, {}] });
  const { onDemand } = retail.plan.services.find(s => s.name === 'ranking')!;
  expect(answer.json.features).toEqual(onDemand.map(f => f.name));
  const [one] = valuesOf(await ask({ entities: [{ user: 'ann', item: 'mug' }] }));
  expect(valuesOf(answer)).toEqual([one, one]);
});

describe('what makes no sense is refused', () => {
  const entities = [{ item: 'mug' }];
  const cases: [what: string, request: object, message: RegExp][] = [
    [
      'a part in both',
      { shared: { user: 'a', item: 'b' }, entities },
      /entities\[0\] has "item".*say it once/,
    ],
    ['a part in neither', { shared: {}, entities }, /user is missing/],
    ['no object', { shared: ['user'], entities }, /shared must be an object/],
    ['no entity', { shared: { user: 'a' }, entities: [] }, /entities must be a list/],
  ];
  test.each(cases)('%s', async (what, request, message) => {
    const { status, json } = await ask(request);
    const code = what === 'a part in neither' ? 'bad-key' : 'bad-request';
    expect(json.error).toEqual({ code, message: expect.stringMatching(message) });
    expect(status).toBe(400);
  });
});

test('the OpenAPI document has the key of one entity shared', async () => {
  const ajv = new Ajv2020({ strict: false });
  ajv.addSchema({ $id: 'openapi', ...(await service.ask('/openapi.json')).json });
  const post = ['paths', '~1v1~1features', 'post'];
  const json = ['content', 'application~1json', 'schema'];
  const validator = (...path: string[]) =>
    ajv.compile({ $ref: `openapi#/${[...post, ...path, ...json].map(encodeURIComponent).join('/')}` });
  const isAnswer = validator('responses', '200');
  for (const keys of [
    { entities: [{ user: 'ann', item: 'mug' }] },
    { shared: { user: 'ann' }, entities: [{ item: 'mug' }] },
    { shared: { item: 'mug' }, entities: [{ user: 'ann' }] },
  ]) {
    const answer = await ask(keys);
    isAnswer(answer.json);
    expect(isAnswer.errors, JSON.stringify(keys)).toBeNull();
  }
  const isValid = validator('requestBody');
  const request = (more: object) => isValid({ service: 'ranking', context, ...more });
  expect(request({ entities: [{ user: 'ann', item: 'mug' }] })).toBe(true);
  expect(request({ shared: { user: 'ann' }, entities: [{ item: 'mug' }] })).toBe(true);
  expect(request({ shared: { item: 'mug' }, entities: [{ user: 'ann' }, { user: 'bob' }] })).toBe(true);
  expect(request({ shared: { user: 'ann' }, entities: [{ user: 'ann', item: 'mug' }] })).toBe(false);
  expect(request({ shared: { item: 'mug' }, entities: [{ item: 'mug' }] })).toBe(false);
  expect(request({ shared: {}, entities: [{ item: 'mug' }] })).toBe(false);
});
