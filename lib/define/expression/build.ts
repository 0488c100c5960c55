import type {
  ArithmeticOperator,
  ComparisonOperator,
  Expression,
  Literal,
} from '../../kernel/expression/nodes.ts';
import { formatType, isNumeric, sameType, type ValueType } from '../../kernel/value-type.ts';
import { DefinitionError } from '../errors.ts';
import { deepFreeze } from '../freeze.ts';
import { largestScale, literalOf, scaleOf, show } from './literals.ts';

/**
 * Nodes from operands: constants take the other side's type, and where two numeric types meet, both sides are
 * cast to one: float before decimal before int64 before int.
 */

/** What an operation is given: a node, or a constant still without a type. */
export type Operand = { readonly node: Expression } | { readonly constant: unknown };

export const boolType: ValueType = deepFreeze({ kind: 'bool' });
export const intType: ValueType = deepFreeze({ kind: 'int' });
export const floatType: ValueType = deepFreeze({ kind: 'float' });
export const stringType: ValueType = deepFreeze({ kind: 'string' });

export const freezeNode = <E extends Expression>(node: E): E => deepFreeze(node);

export function comparison(operator: ComparisonOperator, left: Expression, other: Operand): Expression {
  const [a, b] = unify(left, other);
  return freezeNode({ kind: 'comparison', type: boolType, operator, left: a, right: b });
}

export function arithmetic(operator: ArithmeticOperator, left: Expression, other: Operand): Expression {
  if (left.type.kind === 'decimal' && 'constant' in other && isFraction(other.constant))
    if (scaleOf(other.constant) > largestScale)
      throw new DefinitionError(
        `${label(left)}: ${show(other.constant)} has more digits after the point than decimals have; use toFloat() first`,
      );
  const [a, b] = operator === '*' ? unifyFactors(left, other) : unify(left, other);
  if (!isNumeric(a.type))
    throw new DefinitionError(`${label(a)} is a ${formatType(a.type)}; no arithmetic on it`);
  return freezeNode({
    kind: 'arithmetic',
    type: resultType(operator, a.type, b.type),
    operator,
    left: a,
    right: b,
  });
}

function resultType(operator: ArithmeticOperator, a: ValueType, b: ValueType): ValueType {
  if (operator === '/') return floatType;
  if (operator !== '*' || a.kind !== 'decimal' || b.kind !== 'decimal') return a;
  const scale = a.scale + b.scale;
  if (scale > largestScale)
    throw new DefinitionError(
      `the product of ${formatType(a)} and ${formatType(b)} has ${scale} digits after the point, ${largestScale} is the most; cast one with toDecimal(n) or toFloat()`,
    );
  return { kind: 'decimal', scale };
}

/** Both sides in one type. */
export function unify(left: Expression, other: Operand): [Expression, Expression] {
  if ('constant' in other) return unifyConstant(left, other.constant);
  const right = other.node;
  if (isNumeric(left.type) && isNumeric(right.type)) {
    const type = widest(left.type, right.type);
    return [castTo(left, type), castTo(right, type)];
  }
  if (!sameType(left.type, right.type))
    throw new DefinitionError(
      `${label(left)} is a ${formatType(left.type)} and ${label(right)} a ${formatType(right.type)}; cast one of them`,
    );
  return [left, right];
}

/** All of them in one type. The first one that is not null decides what constants mean. */
export function unifyAll(operands: readonly [Expression, ...Operand[]]): Expression[] {
  const [first, ...rest] = operands;
  let type = first.type;
  for (const operand of rest) type = unify(blank(type), operand)[0].type;
  return [castTo(first, type), ...rest.map(operand => unify(blank(type), operand)[1])];
}

/** Stands for any value of a type while types are worked out. */
const blank = (type: ValueType): Expression => ({ kind: 'literal', type, value: null });

function unifyConstant(left: Expression, constant: unknown): [Expression, Expression] {
  const { type } = left;
  if (constant === null) return [left, freezeNode({ kind: 'literal', type, value: null })];
  if (type.kind === 'int' && isFraction(constant))
    return [castTo(left, floatType), literalOf(constant, floatType)];
  if (type.kind === 'decimal' && isFraction(constant)) {
    const scale = Math.max(type.scale, scaleOf(constant));
    if (scale > largestScale) return [castTo(left, floatType), literalOf(constant, floatType)];
    return [castTo(left, { kind: 'decimal', scale }), literalOf(constant, { kind: 'decimal', scale })];
  }
  try {
    return [left, literalOf(constant, type)];
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error;
    throw new DefinitionError(`${label(left)}: ${error.detail}`, {}, { cause: error });
  }
}

/** Factors keep their own scales, which the product adds up; a whole number counts as decimal(0). */
function unifyFactors(left: Expression, other: Operand): [Expression, Expression] {
  if ('constant' in other) {
    const { constant } = other;
    if (left.type.kind === 'decimal' && typeof constant === 'number' && Number.isFinite(constant))
      return [left, literalOf(constant, { kind: 'decimal', scale: scaleOf(constant) })];
    return unifyConstant(left, constant);
  }
  const right = other.node;
  const kinds = [left.type.kind, right.type.kind];
  if (!kinds.includes('decimal') || kinds.includes('float')) return unify(left, other);
  const asDecimal = (side: Expression): Expression =>
    side.type.kind === 'int' || side.type.kind === 'int64'
      ? castTo(side, { kind: 'decimal', scale: 0 })
      : side;
  if (!isNumeric(left.type) || !isNumeric(right.type)) return unify(left, other);
  return [asDecimal(left), asDecimal(right)];
}

function widest(a: ValueType, b: ValueType): ValueType {
  if (a.kind === 'float' || b.kind === 'float') return floatType;
  if (a.kind === 'decimal' && b.kind === 'decimal') return a.scale >= b.scale ? a : b;
  if (a.kind === 'decimal') return a;
  if (b.kind === 'decimal') return b;
  return a.kind === 'int64' ? a : b;
}

/** The node as `type`: itself where it has that type, a constant converted at once where that is exact. */
export function castTo(node: Expression, type: ValueType): Expression {
  if (sameType(node.type, type)) return node;
  if (node.kind === 'literal') {
    const converted = convertLiteral(node, type);
    if (converted) return converted;
  }
  return freezeNode({ kind: 'cast', type, value: node });
}

function convertLiteral(node: Literal, type: ValueType): Literal | undefined {
  if (node.value === null) return freezeNode({ kind: 'literal', type, value: null });
  if (node.type.kind !== 'int' || typeof node.value !== 'number') return undefined;
  if (type.kind === 'float') return literalOf(node.value, type);
  if (type.kind === 'int64') return literalOf(BigInt(node.value), type);
  if (type.kind === 'decimal' && Number.isSafeInteger(node.value * 10 ** type.scale))
    return literalOf(node.value, type);
  return undefined;
}

const isFraction = (constant: unknown): constant is number =>
  typeof constant === 'number' && Number.isFinite(constant) && !Number.isInteger(constant);

export function negate(value: Expression): Expression {
  return freezeNode({ kind: 'negate', type: value.type, value });
}

export function inList(value: Expression, list: unknown): Expression {
  if (!Array.isArray(list) || list.length === 0)
    throw new DefinitionError(`${label(value)}: in([…]) needs a list of at least one constant`);
  const literals = list.map(item => {
    const literal = unifyConstant(value, item)[1];
    if (literal.kind !== 'literal' || literal.value === null || !sameType(literal.type, value.type))
      throw new DefinitionError(`${label(value)} is a ${formatType(value.type)}; it is never ${show(item)}`);
    return literal;
  });
  return freezeNode({ kind: 'inList', type: boolType, value, list: literals });
}

export function not(value: Expression): Expression {
  return freezeNode({ kind: 'not', type: boolType, value });
}

/** `and`, `or` of bool operands; nested ones of the same kind are joined into one node. */
export function connective(kind: 'and' | 'or', operands: readonly Expression[]): Expression {
  if (operands.length === 0) throw new DefinitionError(`${kind}() needs at least one condition`);
  for (const operand of operands)
    if (operand.type.kind !== 'bool')
      throw new DefinitionError(
        `${label(operand)} is a ${formatType(operand.type)}; ${kind}() joins conditions`,
      );
  const flat = operands.flatMap(operand => (operand.kind === kind ? operand.operands : [operand]));
  return flat.length === 1 ? (flat[0] as Expression) : freezeNode({ kind, type: boolType, operands: flat });
}

export function isNull(value: Expression): Expression {
  return freezeNode({ kind: 'isNull', type: boolType, value });
}

export function coalesce(value: Expression, others: readonly Operand[]): Expression {
  if (others.length === 0)
    throw new DefinitionError(`${label(value)}: coalesce(…) needs what to take instead of null`);
  const values = unifyAll([value, ...others]).flatMap(one => (one.kind === 'coalesce' ? one.values : [one]));
  return freezeNode({ kind: 'coalesce', type: (values[0] as Expression).type, values });
}

export function conditional(condition: Expression, then: Expression, otherwise: Operand): Expression {
  if (condition.type.kind !== 'bool')
    throw new DefinitionError(
      `${label(condition)} is a ${formatType(condition.type)}; when(…) needs a condition`,
    );
  const [a, b] = unifyAll([then, otherwise]) as [Expression, Expression];
  // biome-ignore lint/suspicious/noThenProperty: the node's name for it; nodes are never awaited
  return freezeNode({ kind: 'if', type: a.type, condition, then: a, otherwise: b });
}

/** A name for messages: the field's where it is one. */
export function label(node: Expression): string {
  switch (node.kind) {
    case 'field':
      return [node.name, ...(node.path ?? [])].join('.');
    case 'literal':
      return `the constant ${show(node.value)}`;
    case 'cast':
      return label(node.value);
    default:
      return `the ${node.kind} expression`;
  }
}
