import { type Output, outputsOf, outputsSharing } from '../../kernel/outputs.ts';
import type { Plan } from '../../kernel/plan.ts';
import { furthestTime } from '../../kernel/time.ts';
import { formatType } from '../../kernel/value-type.ts';
import type { ServiceLimits } from '../limits.ts';
import { bodyErrors, errors } from './errors.ts';
import { anyOf, json, object } from './parts.ts';
import { contextSchema, keySchemas, outputSchema, type Schema } from './value-schemas.ts';

/** `POST /v1/features`, with every group and service of the Plan. */
export function postFeatures(plan: Plan, { entitiesPerRequest, readMs }: ServiceLimits) {
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
