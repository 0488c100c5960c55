/**
 * The types that values have: event fields, expressions, feature values.
 *
 * In memory a value is
 *
 * | kind              | JavaScript                                                             |
 * | ----------------- | ---------------------------------------------------------------------- |
 * | string            | string (well-formed UTF-16)                                            |
 * | bool              | boolean                                                                |
 * | int               | number, a safe integer                                                 |
 * | int64             | bigint, −2^63 … 2^63 − 1                                               |
 * | float             | number, finite, never −0                                               |
 * | decimal(scale)    | number, a safe integer: the value times 10^scale                       |
 * | timestamp         | number, milliseconds since 1970-01-01 UTC                              |
 * | list              | array of values                                                        |
 * | struct            | array of values, in the order of `fields`                              |
 * | map               | `Map` from key to value                                                |
 *
 * and null when there is none. `undefined` never stands for a value. What a reader of features sees is
 * `toExternal` of it (decimals as numbers, structs and maps as objects).
 */
export type ValueType =
  | { readonly kind: 'string' }
  | { readonly kind: 'bool' }
  | { readonly kind: 'int' }
  | { readonly kind: 'int64' }
  | { readonly kind: 'float' }
  | { readonly kind: 'decimal'; readonly scale: number }
  | { readonly kind: 'timestamp' }
  | { readonly kind: 'list'; readonly of: ValueType }
  | { readonly kind: 'struct'; readonly fields: readonly StructField[] }
  | { readonly kind: 'map'; readonly key: ValueType; readonly value: ValueType };

export interface StructField {
  readonly name: string;
  readonly type: ValueType;
}

/** A value in memory, as the table above has it. */
export type Value =
  | string
  | boolean
  | number
  | bigint
  | null
  | readonly Value[]
  | ReadonlyMap<string | number | bigint | boolean, Value>;

/** Values that can be keys of maps and members of sets. */
export type ScalarValue = string | number | bigint | boolean;

export const isNumeric = (type: ValueType): boolean =>
  type.kind === 'int' || type.kind === 'int64' || type.kind === 'float' || type.kind === 'decimal';

export const isScalar = (type: ValueType): boolean =>
  type.kind !== 'list' && type.kind !== 'struct' && type.kind !== 'map';

/** `decimal(2)`, `list<int>`, `struct<item: string, ms: int>`: the type as people write it. */
export function formatType(type: ValueType): string {
  switch (type.kind) {
    case 'decimal':
      return `decimal(${type.scale})`;
    case 'list':
      return `list<${formatType(type.of)}>`;
    case 'struct':
      return `struct<${type.fields.map(f => `${f.name}: ${formatType(f.type)}`).join(', ')}>`;
    case 'map':
      return `map<${formatType(type.key)}, ${formatType(type.value)}>`;
    default:
      return type.kind;
  }
}

export const sameType = (a: ValueType, b: ValueType): boolean => formatType(a) === formatType(b);
