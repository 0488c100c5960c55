import type { Schema } from './value-schemas.ts';

/** What the document's schemas and answers are put together of. */

export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
export const json = (schema: Schema, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});
export const object = (
  properties: Readonly<Record<string, Schema>>,
  optional: readonly string[] = [],
): Schema => ({
  type: 'object',
  required: Object.keys(properties).filter(name => !optional.includes(name)),
  properties,
  additionalProperties: false,
});
export const counts = (...names: readonly string[]): Schema =>
  object(Object.fromEntries(names.map(name => [name, { type: 'integer', minimum: 0 }])));

/** Each schema once. Positions have types of their own, which not every reader of OpenAPI understands. */
export const anyOf = (schemas: readonly Schema[]): Schema => ({
  anyOf: [...new Map(schemas.map(schema => [JSON.stringify(schema), schema])).values()],
});
