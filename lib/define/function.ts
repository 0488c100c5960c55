import type { Call, Expression } from '../kernel/expression/nodes.ts';
import { formatType, isNumeric, sameType, type ValueType } from '../kernel/value-type.ts';
import { DefinitionError, within } from './errors.ts';
import * as build from './expression/build.ts';
import {
  type ExpressionOf,
  type External,
  type KindOf,
  type NumericKind,
  operandOf,
  wrap,
} from './expression/expressions.ts';
import { literalOf } from './expression/literals.ts';
import { walk } from './expression/walk.ts';
import { type FieldExpression, type FieldOf, fieldPlan } from './field.ts';
import { checkName } from './names.ts';

/** The TypeScript functions that a Plan calls, by name. */
export type FunctionTable = ReadonlyMap<string, RegisteredFunction>;
/** Called with values in external form, none of them null. */
export type RegisteredFunction = (...values: unknown[]) => unknown;

/** Which function a call was made of; nodes are data and cannot hold it. */
const registered = new WeakMap<Call, RegisteredFunction>();

type Argument<F> =
  FieldExpression<F> extends ExpressionOf<NumericKind>
    ? ExpressionOf<NumericKind> | External<FieldExpression<F>>
    : ExpressionOf<KindOf<FieldExpression<F>>> | External<FieldExpression<F>>;

/**
 * The escape hatch: a TypeScript function as an expression. It must be pure. It is not called where an argument is
 * null (the result is null then). Raise `version` when its code changes what it returns. Only the kernel can compute
 * it: SQL engines refuse its group.
 *
 * ```ts
 * const slug = defineFunction('slug', { version: 1, parameters: [string()], returns: string() }, s => s.trim());
 * // … features: e => ({ titles: lastK(slug(e.title), 5) })
 * ```
 */
export function defineFunction<const P extends readonly FieldOf[], R extends FieldOf>(
  name: string,
  options: { readonly version: number; readonly parameters: P; readonly returns: R },
  implementation: (
    ...values: { -readonly [I in keyof P]: External<FieldExpression<P[I]>> }
  ) => External<FieldExpression<R>> | null,
): (...values: { [I in keyof P]: Argument<P[I]> }) => FieldExpression<R> {
  const place = { definition: `function ${name}` };
  const { parameters, returns } = within(place, () => {
    checkName(name, 'a function');
    if (!(Number.isSafeInteger(options.version) && options.version >= 1))
      throw new DefinitionError(
        'version is a whole number from 1; raise it when the code changes what it returns',
      );
    if (typeof implementation !== 'function')
      throw new DefinitionError('the third argument is the function itself');
    return {
      parameters: options.parameters.map((parameter, i) => fieldPlan(`parameter_${i + 1}`, parameter)),
      returns: fieldPlan('result', options.returns),
    };
  });
  return (...values) =>
    within(place, () => {
      if (values.length !== parameters.length)
        throw new DefinitionError(`it takes ${parameters.length} arguments; got ${values.length}`);
      const call: Call = {
        kind: 'call',
        type: returns.type,
        name,
        version: options.version,
        arguments: parameters.map((parameter, i) => argument(i + 1, parameter.type, values[i])),
      };
      build.freezeNode(call);
      registered.set(call, implementation as unknown as RegisteredFunction);
      return wrap(call, returns) as FieldExpression<R>;
    });
}

function argument(ordinal: number, type: ValueType, value: unknown): Expression {
  const operand = operandOf(value);
  if ('constant' in operand) return literalOf(operand.constant, type);
  const { node } = operand;
  if (sameType(node.type, type)) return node;
  if (isNumeric(node.type) && isNumeric(type)) return build.castTo(node, type);
  throw new DefinitionError(
    `argument ${ordinal} is a ${formatType(node.type)}, not a ${formatType(type)}; cast it`,
  );
}

/** The functions called in these expressions. One name is one function in one version. */
export function functionsIn(expressions: readonly Expression[]): FunctionTable {
  const found = new Map<string, RegisteredFunction>();
  const versions = new Map<string, number>();
  for (const expression of expressions)
    for (const node of walk(expression)) {
      if (node.kind !== 'call') continue;
      const implementation = registered.get(node);
      if (!implementation)
        throw new DefinitionError(`function ${node.name} is not known; make it with defineFunction`);
      if ((versions.get(node.name) ?? node.version) !== node.version)
        throw new DefinitionError(`function ${node.name} is called in two versions; use one`);
      addFunction(found, node.name, implementation);
      versions.set(node.name, node.version);
    }
  return found;
}

export function addFunction(
  table: Map<string, RegisteredFunction>,
  name: string,
  implementation: RegisteredFunction,
): void {
  if ((table.get(name) ?? implementation) !== implementation)
    throw new DefinitionError(`two functions are named ${name}; rename one, or define it once and share it`);
  table.set(name, implementation);
}
