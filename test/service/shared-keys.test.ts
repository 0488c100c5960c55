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

test('the answer is that of the whole keys', async () => {
  const sale = { line: 1, user: 'ann', item: 'mug', type: 'purchase', invoice: '1', qty: 2, price: 2.5 };
  await service.sendLines([JSON.stringify({ ...sale, ts: Date.now(), country: 'France' })]);
  await service.caughtUp();
  const asOf = Date.now() + 1_000;
  const whole = ['mug', 'cup'].map(item => ({ user: 'ann', item }));
  const expected = await ask({ asOf, entities: whole });
  expect(expected.json.entities[0].status).toBe('known');
  const shared = await ask({ asOf, shared: { user: 'ann' }, entities: [{ item: 'mug' }, { item: 'cup' }] });
  expect(shared.json).toEqual(expected.json);
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
  const path = ['paths', '~1v1~1features', 'post', 'requestBody', 'content', 'application~1json', 'schema'];
  const isValid = ajv.compile({ $ref: `openapi#/${path.map(encodeURIComponent).join('/')}` });
  const request = (more: object) => isValid({ service: 'ranking', context, ...more });
  expect(request({ entities: [{ user: 'ann', item: 'mug' }] })).toBe(true);
  expect(request({ shared: { user: 'ann' }, entities: [{ item: 'mug' }] })).toBe(true);
  expect(request({ shared: { item: 'mug' }, entities: [{ user: 'ann' }, { user: 'bob' }] })).toBe(true);
  expect(request({ shared: { user: 'ann' }, entities: [{ user: 'ann', item: 'mug' }] })).toBe(false);
  expect(request({ shared: { item: 'mug' }, entities: [{ item: 'mug' }] })).toBe(false);
  expect(request({ shared: {}, entities: [{ item: 'mug' }] })).toBe(false);
});
