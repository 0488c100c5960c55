import { longestKey } from '../../kernel/key.ts';
import type { EntityPlan, FieldPlan } from '../../kernel/plan.ts';
import { furthestTime } from '../../kernel/time.ts';
import type { ValueType } from '../../kernel/value-type.ts';

/** A JSON Schema (2020-12), as OpenAPI 3.1 has them. */
export type Schema = Readonly<Record<string, unknown>>;

/** The values of a type as requests bring them; `null` where the value may be missing. */
export function inputSchema(type: ValueType, nullable = false): Schema {
  const schema = inputs(type);
  return nullable ? { anyOf: [schema, { type: 'null' }] } : schema;
}

function inputs(type: ValueType): Schema {
  switch (type.kind) {
    case 'string':
      return { type: 'string' };
    case 'bool':
      return { type: 'boolean' };
    case 'int':
      return { type: 'integer', minimum: -(2 ** 53 - 1), maximum: 2 ** 53 - 1 };
    case 'int64':
      return {
        description: 'A 64-bit integer: as text, or as a number where that is exact.',
        anyOf: [{ type: 'string', pattern: '^-?[0-9]{1,18}$' }, inputs({ kind: 'int' })],
      };
    case 'float':
      return { type: 'number' };
    case 'decimal':
      return { type: 'number', description: `With up to ${type.scale} decimals.` };
    case 'timestamp':
      return {
        type: 'integer',
        minimum: -furthestTime,
        maximum: furthestTime,
        description: 'Milliseconds since 1970, UTC.',
      };
    case 'list':
      return { type: 'array', items: inputSchema(type.of, true) };
    case 'struct':
      return {
        type: 'object',
        properties: Object.fromEntries(type.fields.map(f => [f.name, inputSchema(f.type, true)])),
      };
    case 'map':
      return { type: 'object' };
  }
}

/** The values of a type as answers have them, without null. */
export function outputSchema(type: ValueType): Schema {
  switch (type.kind) {
    case 'int64':
      return { type: 'string', pattern: '^-?[0-9]+$' };
    case 'int':
    case 'timestamp':
      return { type: 'integer' };
    case 'decimal':
      return { type: 'number' };
    case 'list':
      return { type: 'array', items: nullable(outputSchema(type.of)) };
    case 'struct':
      return {
        type: 'object',
        properties: Object.fromEntries(type.fields.map(f => [f.name, nullable(outputSchema(f.type))])),
      };
    case 'map':
      return { type: 'object', additionalProperties: nullable(outputSchema(type.value)) };
    default:
      return inputs(type);
  }
}

export const nullable = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });

/** How the keys of a request's entities may be given. */
export interface KeySchemas {
  readonly items: Schema;
  readonly shared?: Schema;
  /** The parts that are shared, by name. */
  readonly parts: readonly string[];
}

/**
 * The keys of a request that needs these entities: as one object with all parts, or with the parts of one entity
 * shared, and the others in each.
 */
export function keySchemas(entities: readonly EntityPlan[]): readonly KeySchemas[] {
  const keys = [...new Map(entities.flatMap(e => e.keys).map(key => [key.name, key])).values()];
  // Entities may have the same parts; two equal ways would contradict each other.
  const ways = new Map(
    entities.map(({ keys: parts }) => parts.map(key => key.name).sort()).map(names => [`${names}`, names]),
  );
  const sharable = [...ways.values()].filter(names => names.length < keys.length);
  return [
    { items: keySchema(keys), parts: [] },
    ...sharable.map(names => ({
      // What is shared is said once. Other members are passed over, as in whole keys.
      items: {
        ...keySchema(keys.filter(({ name }) => !names.includes(name))),
        not: { anyOf: names.map(name => ({ required: [name] })) },
      },
      shared: keySchema(keys.filter(({ name }) => names.includes(name))),
      parts: names,
    })),
  ];
}

/** These parts of a key, as one object. */
function keySchema(keys: EntityPlan['keys']): Schema {
  const parts = new Map(keys.map(key => [key.name, key.type] as const));
  return {
    type: 'object',
    required: [...parts.keys()],
    properties: Object.fromEntries([...parts].map(([name, type]) => [name, keyPart(type)])),
  };
}

/** How long a key may be counts in bytes, and for all its parts together; no schema can say that. */
const keyPart = (type: ValueType): Schema =>
  type.kind === 'string'
    ? {
        type: 'string',
        minLength: 1,
        maxLength: longestKey,
        description: `A key has at most ${longestKey} bytes of UTF-8, all its parts together.`,
      }
    : inputSchema(type);

export function contextSchema(fields: readonly FieldPlan[]): Schema {
  const isOpen = (field: FieldPlan) => field.optional === true || field.nullable === true;
  return {
    type: 'object',
    required: fields.filter(field => !isOpen(field)).map(field => field.name),
    properties: Object.fromEntries(fields.map(f => [f.name, inputSchema(f.type, isOpen(f))])),
    additionalProperties: false,
  };
}
