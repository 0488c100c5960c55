import { decoded, type FeatureValue } from '../encoded-list.ts';
import { Source } from '../generate.ts';
import type { Value, ValueType } from '../value-type.ts';
import { expressionEmitter, type FunctionRegistry } from './emit.ts';
import type { Expression, Field } from './nodes.ts';

/** A context value's name in a row: features may have the same names. */
export const contextName = (name: string): string => `context.${name}`;

export interface RowExpressionOptions {
  readonly functions?: FunctionRegistry;
  /** The types of the row's values by name; needed where an expression leads into a struct. */
  readonly types?: ReadonlyMap<string, ValueType>;
}

/** One expression as a function of a row of named values: for derived and on-demand features, and for tests. */
export function compileExpression(
  node: Expression,
  { functions: registry = new Map(), types = new Map() }: RowExpressionOptions = {},
): (row: Readonly<Record<string, Value>>) => Value {
  const source = new Source();
  const emit = expressionEmitter({
    source,
    functions: registry,
    field({ source: from, name, type }) {
      const key = from === 'context' ? contextName(name) : name;
      return { code: `(row[${source.constant(key)}] ?? null)`, nullable: true, type: types.get(key) ?? type };
    },
  });
  source.line(`return ${emit(node).name};`);
  return source.compile(['row']) as (row: Readonly<Record<string, Value>>) => Value;
}

/** Where a field's value is found: in one of the lists that a program is given, or as what another expression gives. */
export type FieldPlace =
  | { readonly list: number; readonly at: number; readonly type: ValueType }
  | { readonly expression: Expression; readonly type: ValueType };

/**
 * Several expressions as one function of lists of values, which computes what they have in common once: for the
 * values of a read, which lie in lists and not under names.
 */
export function compileExpressions(
  nodes: readonly Expression[],
  place: (field: Field) => FieldPlace,
  registry: FunctionRegistry = new Map(),
): (lists: readonly (readonly FeatureValue[])[]) => FeatureValue[] {
  const source = new Source();
  const at = (list: number, index: number): string => `lists[${list}][${index}]`;
  const emit = expressionEmitter({
    source,
    functions: registry,
    field(node) {
      const found = place(node);
      if ('list' in found) {
        const given = at(found.list, found.at);
        const code = found.type.kind === 'list' ? `${source.constant(decoded)}(${given})` : given;
        return { code, nullable: true, type: found.type };
      }
      const { name, nullable } = emit(found.expression);
      return { code: name, nullable, type: found.type };
    },
  });
  // What is only handed on stays as it is.
  const handedOn = (node: Expression): string | null => {
    if (node.kind !== 'field' || node.path !== undefined) return null;
    const found = place(node);
    return 'list' in found ? at(found.list, found.at) : null;
  };
  source.line(`return [${nodes.map(node => handedOn(node) ?? emit(node).name).join(', ')}];`);
  return source.compile(['lists']) as (lists: readonly (readonly FeatureValue[])[]) => FeatureValue[];
}
