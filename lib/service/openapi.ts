import { type Output, outputsOf, outputsSharing } from '../kernel/outputs.ts';
import type { Plan } from '../kernel/plan.ts';
import { furthestTime } from '../kernel/time.ts';
import { formatType } from '../kernel/value-type.ts';
import { quarantineReasons, unappliedReasons } from '../runtime/ports.ts';
import { type ErrorCode, errorStatuses } from './errors.ts';
import type { ServiceLimits } from './limits.ts';
import { contextSchema, keySchemas, nullable, outputSchema, type Schema } from './value-schemas.ts';

/** The OpenAPI 3.1 document of the service: of every route each answer, with the groups and services of the Plan. */
export function createOpenApi(plan: Plan, limits: ServiceLimits): Schema {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Millrace',
      version: '1',
      description: 'Events in, feature values out. Every error is `{ error: { code, message } }`.',
    },
    paths: {
      '/v1/events': { post: postEvents(plan, limits) },
      '/v1/features': { post: postFeatures(plan, limits) },
      '/v1/quarantine/redrive': { post: postRedrive(plan) },
      '/v1/unapplied/redrive': { post: redriveUnapplied },
      '/v1/status': { get: get('getStatus', 'Rates, lag and freshness', ref('Status')) },
      '/health': {
        get: get('getHealth', 'Whether the process answers', object({ status: { const: 'ok' } })),
      },
      '/ready': {
        get: {
          ...get('getReady', 'Whether events are taken and processed', readiness),
          responses: { 200: json(readiness, 'It is.'), 503: json(readiness, 'It is not.') },
        },
      },
      '/metrics': {
        get: {
          ...get('getMetrics', 'What the service counts of itself, for Prometheus', {}),
          responses: {
            200: { description: 'Metrics.', content: { 'text/plain': { schema: { type: 'string' } } } },
            ...errors(['bad-request']),
          },
        },
      },
      '/openapi.json': { get: get('getOpenApi', 'This document', { type: 'object' }) },
    },
    components: { schemas: { Error: errorSchema, EventAnswers: eventAnswers, Status: statusSchema } },
  };
}

const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: Schema, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});
const object = (properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema => ({
  type: 'object',
  required: Object.keys(properties).filter(name => !optional.includes(name)),
  properties,
  additionalProperties: false,
});
const counts = (...names: readonly string[]): Schema =>
  object(Object.fromEntries(names.map(name => [name, { type: 'integer', minimum: 0 }])));

const get = (operationId: string, summary: string, schema: Schema) => ({
  operationId,
  summary,
  responses: { 200: json(schema, summary), ...errors(['bad-request']) },
});

const readiness = object({ ready: { type: 'boolean' } });

/** Each schema once. Positions have types of their own, which not every reader of OpenAPI understands. */
const anyOf = (schemas: readonly Schema[]): Schema => ({
  anyOf: [...new Map(schemas.map(schema => [JSON.stringify(schema), schema])).values()],
});

/** What the answers of these codes look like; several codes may have one status. */
function errors(codes: readonly ErrorCode[]): Record<string, unknown> {
  const texts = new Map<number, string[]>();
  for (const code of codes) {
    const status = errorStatuses[code];
    texts.set(status, [...(texts.get(status) ?? []), descriptions[code]]);
  }
  return Object.fromEntries(
    [...texts].map(([status, lines]) => [status, json(ref('Error'), lines.join(' '))]),
  );
}

const descriptions: Readonly<Record<ErrorCode, string>> = {
  'bad-request': 'The request does not make sense.',
  'not-json': 'The body is not JSON.',
  'bad-encoding': 'The body is not UTF-8, or not gzip.',
  'not-found': 'What it names is not there.',
  'wrong-method': 'The path takes another method.',
  timeout: 'The request came too slowly.',
  'bad-key': 'A part of a key is missing, or of another type.',
  'bad-context': 'A context field is missing, unknown, or of another type.',
  'bad-time': 'asOf is no time, or deadlineMs no time to wait.',
  'past-time': 'asOf is not past the newest event that was read.',
  'too-many': 'It has more events or entities than one request may.',
  'too-large': 'The body is too large.',
  'wrong-type': 'The body is of another type, or packed otherwise.',
  behind: 'Too many events wait to be processed: Retry-After says how many seconds to wait.',
  'headers-too-large': 'The headers are too large.',
  internal: 'An error of the service.',
  unavailable: 'The service stops, or its store cannot do this now.',
};

const errorSchema = object({
  error: object({ code: { enum: Object.keys(errorStatuses) }, message: { type: 'string', minLength: 1 } }),
});

const bodyErrors: readonly ErrorCode[] = [
  'bad-request',
  'not-json',
  'bad-encoding',
  'too-many',
  'not-found',
  'timeout',
  'too-large',
  'wrong-type',
  'unavailable',
];

function postEvents({ streams }: Plan, { eventsPerRequest, bodyBytes }: ServiceLimits) {
  return {
    operationId: 'sendEvents',
    summary: 'Send events of a stream',
    description:
      'One event, an array of events, or one event a line. Accepted means durable; an event that does not fit its ' +
      'stream is set aside later, under its position. Sending the same again is safe where the stream has ids.',
    parameters: [
      {
        name: 'stream',
        in: 'query',
        required: streams.length !== 1,
        description: 'The stream; may be left out where there is one only.',
        schema: { enum: streams.map(s => s.name) },
      },
    ],
    requestBody: {
      required: true,
      description: `At most ${eventsPerRequest} events and ${bodyBytes} bytes; may be packed (content-encoding: gzip).`,
      content: {
        'application/json': {
          schema: {
            anyOf: [{ type: 'object' }, { type: 'array', items: {}, maxItems: eventsPerRequest }],
          },
        },
        'application/x-ndjson': { schema: { type: 'string', minLength: 1 } },
      },
    },
    responses: {
      200: json(ref('EventAnswers'), 'An answer for each event, in their order.'),
      ...errors([...bodyErrors, 'behind']),
    },
  };
}

const eventAnswers = object({
  accepted: { type: 'integer', minimum: 0 },
  rejected: { type: 'integer', minimum: 0 },
  events: {
    type: 'array',
    items: {
      oneOf: [
        object({ status: { const: 'accepted' }, position: { type: 'string' } }),
        object({
          status: { const: 'rejected' },
          reason: { enum: ['not-json', 'bad-encoding', 'too-large'] },
          message: { type: 'string' },
        }),
      ],
    },
  },
});

function postFeatures(plan: Plan, { entitiesPerRequest, readMs }: ServiceLimits) {
  const targets = [
    ...plan.services.map(service => {
      const groups = new Set(service.features.map(f => f.group));
      const entities = plan.groups.filter(g => groups.has(g.name)).map(g => g.entity);
      const context = contextSchema(service.context);
      const hasContext = (context.required as readonly string[]).length > 0;
      return {
        kind: 'service' as const,
        name: service.name,
        entities,
        context,
        optional: hasContext ? [] : ['context'],
      };
    }),
    ...plan.groups.map(({ name, entity }) => ({
      kind: 'group' as const,
      name,
      entities: [entity],
      context: null,
      optional: [],
    })),
  ];
  const times = {
    asOf: {
      type: 'integer',
      minimum: -furthestTime,
      maximum: furthestTime,
      description: 'The time to answer for, in ms since 1970 (UTC): past the newest event that is read.',
    },
    deadlineMs: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: readMs,
      default: readMs,
      description: 'How long rows are waited for: entities whose rows have not come by then fail.',
    },
  };
  const requests = targets.flatMap(({ kind, name, entities, context, optional }) =>
    keySchemas(plan.entities.filter(e => entities.includes(e.name))).map(({ items, shared }) =>
      object(
        {
          [kind]: { const: name },
          entities: { type: 'array', minItems: 1, maxItems: entitiesPerRequest, items },
          ...(shared === undefined ? {} : { shared }),
          ...(context === null ? {} : { context }),
          ...times,
        },
        ['asOf', 'deadlineMs', ...optional],
      ),
    ),
  );
  const answers = targets.flatMap(({ kind, name, entities }) => {
    const outputs = outputsOf(plan, kind, name);
    return keySchemas(plan.entities.filter(e => entities.includes(e.name))).map(({ shared, parts }) =>
      answerSchema(kind, name, outputs, shared && outputsSharing(plan, kind, name, parts)),
    );
  });
  return {
    operationId: 'readFeatures',
    summary: 'Read feature values of entities',
    description:
      'A service’s vector, or all features of a group. The names stand once, the values by entity. Parts of the key ' +
      'that all entities have in common may stand once, under `shared`: the user for whom items are ranked. Features ' +
      'that need no other part then stand once too, under `shared`, and `features` has the others.',
    requestBody: { required: true, content: { 'application/json': { schema: { oneOf: requests } } } },
    responses: {
      200: json({ oneOf: answers }, 'The values, and for which time they are.'),
      ...errors([...bodyErrors, 'bad-key', 'bad-context', 'bad-time', 'past-time']),
    },
  };
}

function answerSchema(
  kind: 'group' | 'service',
  name: string,
  outputs: readonly Output[],
  shared: readonly Output[] | undefined,
): Schema {
  const own = outputs.filter(({ name }) => shared?.some(output => output.name === name) !== true);
  const entity = object(
    {
      status: {
        enum: ['known', 'unknown', 'failed'],
        description:
          'known: events of it are kept. unknown: none are. failed: its row could not be read, or not in time.',
      },
      values: valuesSchema(own),
      flags: flagsSchema,
      lacks: {
        type: 'integer',
        minimum: 1,
        description:
          'Events that count and that the values do not have yet, because to process them ended the process.',
      },
      error: { type: 'string' },
    },
    ['flags', 'lacks', 'error'],
  );
  return object({
    [kind]: { const: name },
    asOf: { type: 'integer' },
    features: namesSchema(own),
    ...(shared === undefined
      ? {}
      : {
          shared: object(
            { features: namesSchema(shared), values: valuesSchema(shared), flags: flagsSchema },
            ['flags'],
          ),
        }),
    entities: { type: 'array', items: entity },
  });
}

const namesSchema = (outputs: readonly Output[]): Schema => ({
  const: outputs.map(o => o.name),
  description: outputs.map(o => `${o.name}: ${formatType(o.type)}`).join('\n'),
});

const valuesSchema = (outputs: readonly Output[]): Schema => ({
  type: 'array',
  items: anyOf([...outputs.map(({ type }) => outputSchema(type)), { type: 'null' }]),
  minItems: outputs.length,
  maxItems: outputs.length,
});

const flagsSchema: Schema = {
  type: 'object',
  description: 'Features whose value is not the whole truth, and why.',
  additionalProperties: { type: 'string' },
};

function postRedrive({ streams }: Plan) {
  const request = object(
    {
      stream: { enum: streams.map(s => s.name) },
      reason: { enum: quarantineReasons },
      ids: { type: 'array', items: { type: 'string' }, description: 'As the quarantine lists them.' },
    },
    ['reason', 'ids'],
  );
  return {
    operationId: 'redrive',
    summary: 'Put quarantined events into their stream anew',
    requestBody: { required: true, content: { 'application/json': { schema: request } } },
    responses: { 200: json(counts('redriven'), 'How many events.'), ...errors(bodyErrors) },
  };
}

const redriveUnapplied = {
  operationId: 'redriveUnapplied',
  summary: 'Fold unapplied events into the rows that lack them',
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: anyOf([
          object({}),
          object(
            {
              table: { type: 'string', description: 'Of this table only, such as user_engagement@1.' },
              key: { type: 'string', description: 'Of this row only.' },
              startAnew: {
                type: 'boolean',
                description: 'Lets rows that stay unreadable begin anew: what they held is given up.',
              },
            },
            ['key', 'startAnew'],
          ),
        ]),
      },
    },
  },
  responses: {
    200: json(
      object({
        applied: { type: 'integer', minimum: 0 },
        settled: { type: 'integer', minimum: 0 },
        waiting: {
          type: 'array',
          items: object({ table: { type: 'string' }, key: { type: 'string' }, error: { type: 'string' } }),
        },
      }),
      'How many events, and which rows still wait.',
    ),
    ...errors(bodyErrors),
  },
};

const statusSchema = object({
  ready: { type: 'boolean' },
  plan: { type: 'string' },
  streams: {
    type: 'array',
    items: object({
      stream: { type: 'string' },
      received: counts('accepted', 'rejected'),
      processed: counts('counted', 'skipped', 'late', 'bad'),
      behind: { type: 'integer', minimum: 0 },
      freshness: nullable(object({ p50: { type: 'number' }, p99: { type: 'number' } })),
      error: nullable({ type: 'string' }),
    }),
  },
  quarantined: {
    type: 'object',
    propertyNames: { enum: quarantineReasons },
    additionalProperties: { type: 'integer', minimum: 1 },
  },
  unapplied: {
    type: 'object',
    propertyNames: { enum: unappliedReasons },
    additionalProperties: { type: 'integer', minimum: 1 },
  },
});
