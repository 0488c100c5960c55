import { MillraceError } from '../errors.ts';
import { fromExternal, toExternal } from '../external.ts';
import type { Source } from '../generate.ts';
import { hash53 } from '../hash.ts';
import type { ScalarValue, Value, ValueType } from '../value-type.ts';
import { formatType, isNumeric } from '../value-type.ts';
import { castFunction } from './casts.ts';
import * as functions from './functions.ts';
import { arithmeticOperators, comparisonOperators, type Expression, type Field } from './nodes.ts';

/** A variable of the generated program, and whether it can be null there. */
export interface Emitted {
  readonly name: string;
  readonly nullable: boolean;
}

export interface ExpressionContext {
  readonly source: Source;
  /** The source that reads a field's value (null when there is none), or null where there is no such field. */
  field(node: Field): { readonly code: string; readonly nullable: boolean; readonly type: ValueType } | null;
  readonly functions: FunctionRegistry;
}

/** The functions behind `call` nodes, by name; they take and return external values. */
export type FunctionRegistry = ReadonlyMap<string, (...values: never[]) => unknown>;

/** An expression cannot be compiled: it names what is not there, or mixes types that no builder would mix. */
export class ExpressionError extends MillraceError {
  override readonly name = 'ExpressionError';
}

/**
 * Writes the statements that compute expressions, each distinct subexpression once, and returns the variables with
 * their values. All of it is straight-line code: expressions have no effects and never throw.
 */
export function expressionEmitter(context: ExpressionContext): (node: Expression) => Emitted {
  const known = new Map<string, Emitted>();
  const emit = (node: Expression): Emitted => {
    const key = JSON.stringify(node);
    const found = known.get(key);
    if (found !== undefined) return found;
    const emitter = emitters[node.kind] as (node: Expression, scope: Scope) => Emitted;
    const emitted = emitter(node, scope);
    known.set(key, emitted);
    return emitted;
  };
  const scope: Scope = { ...context, emit };
  return emit;
}

interface Scope extends ExpressionContext {
  emit(node: Expression): Emitted;
}

/** `body`, made from the operands' names, unless one of them is null. */
function strict(
  scope: Scope,
  operands: readonly Emitted[],
  body: (...names: string[]) => string,
  { nullable = false }: { nullable?: boolean } = {},
): Emitted {
  const nulls = operands.filter(o => o.nullable).map(o => `${o.name} === null`);
  const code = body(...operands.map(o => o.name));
  const name = scope.source.variable(nulls.length > 0 ? `${nulls.join(' || ')} ? null : ${code}` : code);
  return { name, nullable: nullable || nulls.length > 0 };
}

const emitters: { [K in Expression['kind']]: (node: Expression & { kind: K }, scope: Scope) => Emitted } = {
  field(node, scope) {
    const resolved = scope.field(node);
    if (resolved === null) throw new ExpressionError(`there is no ${node.source} field '${node.name}'`);
    let { code, nullable, type } = resolved;
    for (const step of node.path ?? []) {
      const index = type.kind === 'struct' ? type.fields.findIndex(f => f.name === step) : -1;
      if (type.kind !== 'struct' || index < 0) {
        throw new ExpressionError(`field '${node.name}' (${formatType(type)}) has no member '${step}'`);
      }
      const outer = scope.source.variable(code);
      code = nullable ? `${outer} === null ? null : ${outer}[${index}]` : `${outer}[${index}]`;
      nullable = true;
      type = (type.fields[index] as { type: ValueType }).type;
    }
    return { name: scope.source.variable(code), nullable };
  },

  literal(node, scope) {
    const value = node.type.kind === 'int64' && node.value !== null ? BigInt(node.value) : node.value;
    return { name: scope.source.constant(value), nullable: value === null };
  },

  arithmetic(node, scope) {
    const { kind } = node.left.type;
    const operands = [scope.emit(node.left), scope.emit(node.right)];
    const call = (fn: unknown) => (a: string, b: string) => `${scope.source.constant(fn)}(${a}, ${b})`;
    const wrap = (fn: unknown) => (a: string, b: string) =>
      `${scope.source.constant(fn)}(${a} ${symbolOf(arithmeticOperators, node.operator)} ${b})`;
    if (node.operator === '/') {
      const [a, b] = operands.map((o, i) => asFloat(scope, o, (i === 0 ? node.left : node.right).type));
      return strict(scope, [a as Emitted, b as Emitted], call(functions.divide), { nullable: true });
    }
    if (node.operator === '%') {
      const fn = kind === 'int64' ? functions.remainder64 : functions.remainder;
      return strict(scope, operands, call(fn), { nullable: true });
    }
    const check = kind === 'int64' ? functions.int64 : kind === 'float' ? functions.float : functions.integer;
    return strict(scope, operands, wrap(check), { nullable: true });
  },

  negate(node, scope) {
    const operand = scope.emit(node.value);
    if (node.type.kind === 'int64') {
      const check = scope.source.constant(functions.int64);
      return strict(scope, [operand], a => `${check}(-${a})`, { nullable: true });
    }
    return strict(scope, [operand], a => `0 - ${a}`);
  },

  comparison(node, scope) {
    const operands = [comparable(scope, node.left, node.right), comparable(scope, node.right, node.left)];
    const { operator } = node;
    if (operator === '=' || operator === '!=') {
      return strict(scope, operands, (a, b) => `${a} ${operator === '=' ? '===' : '!=='} ${b}`);
    }
    const symbol = symbolOf(comparisonOperators, operator);
    if (node.left.type.kind !== 'string') return strict(scope, operands, (a, b) => `${a} ${symbol} ${b}`);
    const less = scope.source.constant(functions.less);
    const templates = {
      '<': (a: string, b: string) => `${less}(${a}, ${b})`,
      '>': (a: string, b: string) => `${less}(${b}, ${a})`,
      '<=': (a: string, b: string) => `!${less}(${b}, ${a})`,
      '>=': (a: string, b: string) => `!${less}(${a}, ${b})`,
    };
    return strict(scope, operands, templates[operator]);
  },

  and: (node, scope) => connective(scope, node.operands, false),
  or: (node, scope) => connective(scope, node.operands, true),
  not: (node, scope) => strict(scope, [scope.emit(node.value)], a => `!${a}`),

  inList(node, scope) {
    const values = new Set(
      node.list.map(l => (l.type.kind === 'int64' ? BigInt(l.value as string) : (l.value as ScalarValue))),
    );
    const set = scope.source.constant(values);
    return strict(scope, [scope.emit(node.value)], a => `${set}.has(${a})`);
  },

  isNull(node, scope) {
    const operand = scope.emit(node.value);
    return {
      name: scope.source.variable(operand.nullable ? `${operand.name} === null` : 'false'),
      nullable: false,
    };
  },

  coalesce(node, scope) {
    const operands = node.values.map(scope.emit);
    const name = scope.source.variable(operands.map(o => o.name).join(' ?? '));
    return { name, nullable: operands.every(o => o.nullable) };
  },

  if(node, scope) {
    const condition = scope.emit(node.condition);
    const chosen = scope.emit(node.then);
    const otherwise = scope.emit(node.otherwise);
    const name = scope.source.variable(`${condition.name} === true ? ${chosen.name} : ${otherwise.name}`);
    return { name, nullable: chosen.nullable || otherwise.nullable };
  },

  lower: (node, scope) => strict(scope, [scope.emit(node.value)], a => `${a}.toLowerCase()`),

  length(node, scope) {
    const operand = scope.emit(node.value);
    if (node.value.type.kind === 'list') return strict(scope, [operand], a => `${a}.length`);
    const points = scope.source.constant(functions.codePoints);
    return strict(scope, [operand], a => `${points}(${a})`);
  },

  contains: (node, scope) =>
    strict(scope, [scope.emit(node.value), scope.emit(node.needle)], (a, b) => `${a}.includes(${b})`),

  startsWith: (node, scope) =>
    strict(scope, [scope.emit(node.value), scope.emit(node.prefix)], (a, b) => `${a}.startsWith(${b})`),

  splitElement(node, scope) {
    const fn = scope.source.constant(functions.splitElement);
    const separator = scope.source.constant(node.separator);
    const index = scope.source.constant(node.index);
    return strict(scope, [scope.emit(node.value)], a => `${fn}(${a}, ${separator}, ${index})`, {
      nullable: true,
    });
  },

  regexMatch(node, scope) {
    const regex = scope.source.constant(new RegExp(node.pattern, 'u'));
    return strict(scope, [scope.emit(node.value)], a => `${regex}.test(${a})`);
  },

  datePart(node, scope) {
    const fn = scope.source.constant(functions.datePart);
    const part = scope.source.constant(node.part);
    return strict(scope, [scope.emit(node.value)], a => `${fn}(${a}, ${part})`, { nullable: true });
  },

  dateTruncate(node, scope) {
    const fn = scope.source.constant(functions.dateTruncate);
    const unit = scope.source.constant(node.unit);
    return strict(scope, [scope.emit(node.value)], a => `${fn}(${a}, ${unit})`, { nullable: true });
  },

  cast(node, scope) {
    const fn = castFunction(node.value.type, node.type);
    if (fn === null) {
      throw new ExpressionError(
        `there is no cast from ${formatType(node.value.type)} to ${formatType(node.type)}`,
      );
    }
    const cast = scope.source.constant(fn);
    return strict(scope, [scope.emit(node.value)], a => `${cast}(${a})`, { nullable: true });
  },

  hashBucket(node, scope) {
    const hash = scope.source.constant(hash53);
    const buckets = scope.source.constant(node.buckets);
    return strict(scope, [scope.emit(node.value)], a => `${hash}(${a}) % ${buckets}`);
  },

  struct(node, scope) {
    const fields = node.fields.map(f => scope.emit(f.value).name);
    return { name: scope.source.variable(`[${fields.join(', ')}]`), nullable: false };
  },

  call(node, scope) {
    const fn = scope.functions.get(node.name);
    if (fn === undefined) {
      throw new ExpressionError(
        `there is no function '${node.name}': the Plan calls it, so it must be registered beside the Plan`,
      );
    }
    const guarded = scope.source.constant(
      guardedCall(
        fn,
        node.type,
        node.arguments.map(a => a.type),
      ),
    );
    const values = node.arguments.map(a => scope.emit(a).name);
    return { name: scope.source.variable(`${guarded}(${values.join(', ')})`), nullable: true };
  },
};

/** An operator as program text: one of the known ones, and never what a hand-made Plan holds in its place. */
function symbolOf<T extends string>(known: readonly T[], operator: T): T {
  const symbol = known.find(o => o === operator);
  if (symbol === undefined) throw new ExpressionError(`there is no operator ${JSON.stringify(operator)}`);
  return symbol;
}

function connective(scope: Scope, nodes: readonly Expression[], decisive: boolean): Emitted {
  const operands = nodes.map(scope.emit);
  const decided = operands.map(o => `${o.name} === ${decisive}`).join(' || ');
  const nulls = operands.filter(o => o.nullable).map(o => `${o.name} === null`);
  const rest = nulls.length > 0 ? `${nulls.join(' || ')} ? null : ${!decisive}` : `${!decisive}`;
  return { name: scope.source.variable(`${decided} ? ${decisive} : ${rest}`), nullable: nulls.length > 0 };
}

/**
 * A side of a comparison. One that was cast to more decimals, to meet the other side, may have no such decimal, and
 * still has its place beside it: as a double it is rounded only beyond all that the other side can be.
 */
function comparable(scope: Scope, node: Expression, other: Expression): Emitted {
  if (node.kind !== 'cast' || other.kind === 'cast' || node.type.kind !== 'decimal') return scope.emit(node);
  const from = node.value.type;
  const scale = from.kind === 'decimal' ? from.scale : 0;
  if (!isNumeric(from) || from.kind === 'float' || scale > node.type.scale) return scope.emit(node);
  const factor = scope.source.constant(10 ** (node.type.scale - scale));
  const toNumber = scope.source.constant(Number);
  return strict(scope, [scope.emit(node.value)], a => `${toNumber}(${a}) * ${factor}`);
}

/** An operand as a float, without a null check where it cannot be null. */
function asFloat(scope: Scope, operand: Emitted, type: ValueType): Emitted {
  if (type.kind === 'int' || type.kind === 'float') return operand;
  const cast = scope.source.constant(castFunction(type, { kind: 'float' }));
  return strict(scope, [operand], a => `${cast}(${a})`);
}

/** A function that throws, or returns what is not a value of its type, yields null. */
function guardedCall(
  fn: (...values: never[]) => unknown,
  type: ValueType,
  parameters: readonly ValueType[],
): (...values: Value[]) => Value {
  return (...values) => {
    try {
      const result = fn(...(values.map((v, i) => toExternal(v, parameters[i] as ValueType)) as never[]));
      return fromExternal(result, type) ?? null;
    } catch {
      return null;
    }
  };
}
