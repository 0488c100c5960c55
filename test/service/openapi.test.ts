import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeEach, describe, expect, test } from 'vitest';
import { startService, visit } from './running.ts';

type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};
type Operation = {
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, object>> }>>;
};

let service: Awaited<ReturnType<typeof startService>>;
let document: Document;
let ajv: Ajv2020;
beforeEach(async () => {
  service = await startService({ limits: { eventsBehind: 10, entitiesPerRequest: 2 } });
  document = (await service.ask('/openapi.json')).json;
  ajv = new Ajv2020({ strict: false });
  ajv.addSchema({ $id: 'openapi', ...document });
});

/** The schema at these keys of the document, which may refer to its other parts. */
function validator(...path: readonly string[]) {
  const pointer = path
    .map(key => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/');
  return ajv.compile({ $ref: `openapi#/${pointer}` });
}

const refused = '{"group":"visitor","entities":[]}';

describe('the OpenAPI document', () => {
  test('names every route that there is, and no other', async () => {
    const nothing = (await service.ask('/none')).json.error.message as string;
    const routes = nothing.slice(nothing.indexOf('there is /v1')).replace('there is ', '').split(', ');
    expect(Object.keys(document.paths).sort()).toEqual(routes.sort());
    for (const [path, methods] of Object.entries(document.paths)) {
      const { headers } = await service.ask(path, { method: 'PUT' });
      expect(headers.get('allow')?.toLowerCase()).toBe(Object.keys(methods).join(', '));
    }
  });

  test('its schemas compile', () => {
    let compiled = 0;
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, { responses }] of Object.entries(methods)) {
        for (const [status, { content }] of Object.entries(responses)) {
          for (const type of Object.keys(content)) {
            validator('paths', path, method, 'responses', status, 'content', type, 'schema');
            compiled++;
          }
        }
      }
    }
    expect(compiled).toBeGreaterThan(25);
  });

  const posts: [path: string, body: string, status: number][] = [
    ['/v1/events', visit(1), 200],
    ['/v1/events', `[${visit(2)}, {}]`, 200],
    ['/v1/events', '{', 400],
    ['/v1/events?stream=x', visit(1), 404],
    ['/v1/features', '{"group":"visitor","entities":[{"user":"ann"},{"user":"bob"}]}', 200],
    ['/v1/features', '{"group":"visitor_page","entities":[{"user":"ann","page":"7"}]}', 200],
    ['/v1/features', '{"service":"greeting","entities":[{"user":"ann"}],"context":{"factor":1.5}}', 200],
    ['/v1/features', refused, 400],
    ['/v1/features', '{"group":"x","entities":[]}', 404],
    ['/v1/features', '{"group":"visitor","entities":[{},{},{}]}', 400],
    ['/v1/unapplied/redrive', '{}', 200],
    ['/v1/unapplied/redrive', '{"table":"visitor@1","key":"ann","startAnew":true}', 200],
    ['/v1/unapplied/redrive', '{"key":"ann"}', 400],
    ['/v1/quarantine/redrive', '{"stream":"visits"}', 200],
    ['/v1/quarantine/redrive', '{"stream":"visits","reason":"late","ids":[]}', 200],
    ['/v1/quarantine/redrive', '{"stream":"x"}', 404],
  ];
  test.each(posts)('describes the answer to %s %s: %i', async (target, body, status) => {
    await service.sendLines([visit(0), '{"id":1}']);
    await service.caughtUp();
    const answer = await service.post(target, body);
    expect(answer.status).toBe(status);
    const path = target.split('?')[0]!;
    const validate = validator(
      'paths',
      path,
      'post',
      'responses',
      `${status}`,
      'content',
      'application/json',
      'schema',
    );
    validate(answer.json);
    expect(validate.errors).toBeNull();
    if (target === path && status === 200) {
      const request = validator(
        'paths',
        path,
        'post',
        'requestBody',
        'content',
        'application/json',
        'schema',
      );
      request(JSON.parse(body));
      expect(request.errors).toBeNull();
    }
  });

  test('tells a request that will be refused', () => {
    const validate = validator(
      'paths',
      '/v1/features',
      'post',
      'requestBody',
      'content',
      'application/json',
      'schema',
    );
    expect(validate(JSON.parse(refused))).toBe(false);
    expect(validate({ service: 'greeting', entities: [{ user: 'ann' }] })).toBe(false);
    expect(validate({ group: 'visitor_page', entities: [{ user: 'ann', page: 2 ** 53 }] })).toBe(false);
  });

  test.each(['/v1/status', '/health', '/ready', '/openapi.json'])(
    'describes the answer to %s',
    async path => {
      await service.sendLines([visit(0), '{"id":1}']);
      await service.caughtUp();
      const answer = await service.ask(path);
      const validate = validator(
        'paths',
        path,
        'get',
        'responses',
        '200',
        'content',
        'application/json',
        'schema',
      );
      validate(answer.json);
      expect(validate.errors).toBeNull();
      expect(answer.status).toBe(200);
    },
  );
});
