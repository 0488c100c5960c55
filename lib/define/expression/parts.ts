import {
  type DatePartName,
  type DateUnit,
  dateParts,
  dateUnits,
  type Expression,
} from '../../kernel/expression/nodes.ts';
import { formatType, isScalar, type ValueType } from '../../kernel/value-type.ts';
import { DefinitionError } from '../errors.ts';
import { boolType, freezeNode, intType, label, type Operand, stringType, unify } from './build.ts';
import { largestScale, show } from './literals.ts';

/**
 * Nodes that look into a value: into text, a time, a list, a struct. Arguments are checked here, for those who come
 * around the compiler.
 */

export const lower = (value: Expression): Expression =>
  freezeNode({ kind: 'lower', type: stringType, value });

export const length = (value: Expression): Expression => freezeNode({ kind: 'length', type: intType, value });

export function containsText(value: Expression, part: Operand): Expression {
  return freezeNode({ kind: 'contains', type: boolType, value, needle: unify(value, part)[1] });
}

export function containsItem(value: Expression, item: Operand): Expression {
  const { type } = value;
  if (type.kind !== 'list' || !isScalar(type.of))
    throw new DefinitionError(`${label(value)} is a ${formatType(type)}; contains() looks for scalars`);
  const needle = unify({ kind: 'literal', type: type.of, value: null }, item)[1];
  if (formatType(needle.type) !== formatType(type.of))
    throw new DefinitionError(`${label(value)} is a ${formatType(type)}; it never holds ${label(needle)}`);
  return freezeNode({ kind: 'contains', type: boolType, value, needle });
}

export function startsWith(value: Expression, start: Operand): Expression {
  return freezeNode({ kind: 'startsWith', type: boolType, value, prefix: unify(value, start)[1] });
}

export function splitElement(value: Expression, separator: string, index: number): Expression {
  if (typeof separator !== 'string' || separator === '')
    throw new DefinitionError(`${label(value)}: splitElement needs a separator that is not empty`);
  if (!Number.isSafeInteger(index))
    throw new DefinitionError(
      `${label(value)}: splitElement needs a whole number as index, got ${show(index)}`,
    );
  return freezeNode({ kind: 'splitElement', type: stringType, value, separator, index });
}

export function regexMatch(value: Expression, pattern: RegExp | string): Expression {
  if (pattern instanceof RegExp && pattern.flags !== '' && pattern.flags !== 'u')
    throw new DefinitionError(
      `${pattern}: patterns take no flag but u; put the rest into the pattern itself`,
    );
  const source = pattern instanceof RegExp ? pattern.source : pattern;
  try {
    new RegExp(source, 'u');
  } catch (cause) {
    throw new DefinitionError(
      `/${source}/ is no pattern under flag u: ${(cause as Error).message}`,
      {},
      { cause },
    );
  }
  return freezeNode({ kind: 'regexMatch', type: boolType, value, pattern: source });
}

export function datePart(value: Expression, part: DatePartName): Expression {
  if (!dateParts.includes(part))
    throw new DefinitionError(`no date part ${show(part)}; there are ${dateParts.join(', ')}`);
  return freezeNode({ kind: 'datePart', type: intType, value, part });
}

export function dateTruncate(value: Expression, unit: DateUnit): Expression {
  if (!dateUnits.includes(unit))
    throw new DefinitionError(`no date unit ${show(unit)}; there are ${dateUnits.join(', ')}`);
  return freezeNode({ kind: 'dateTruncate', type: value.type, value, unit });
}

export function hashBucket(value: Expression, buckets: number): Expression {
  if (!Number.isInteger(buckets) || buckets < 1 || buckets > 2 ** 31)
    throw new DefinitionError(
      `hashBucket needs a whole number of buckets from 1 to 2^31; got ${show(buckets)}`,
    );
  return freezeNode({ kind: 'hashBucket', type: intType, value, buckets });
}

export function decimalType(scale: number): ValueType {
  if (!Number.isInteger(scale) || scale < 0 || scale > largestScale)
    throw new DefinitionError(
      `a decimal has a whole number of digits after the point, from 0 to ${largestScale}; got ${show(scale)}`,
    );
  return { kind: 'decimal', scale };
}

/** A field of a struct: of one in the event by its path, of a record the expression it was built from. */
export function member(value: Expression, name: string): Expression {
  const { type } = value;
  const field = type.kind === 'struct' ? type.fields.find(f => f.name === name) : undefined;
  if (type.kind !== 'struct' || !field)
    throw new DefinitionError(
      `${label(value)} has no field ${show(name)}; it ${type.kind === 'struct' ? `has ${type.fields.map(f => f.name).join(', ')}` : 'is no struct'}`,
    );
  if (value.kind === 'field')
    return freezeNode({ ...value, type: field.type, path: [...(value.path ?? []), name] });
  const built = value.kind === 'struct' ? value.fields.find(f => f.name === name)?.value : undefined;
  if (built) return built;
  throw new DefinitionError(
    `get('${name}') reads fields and records; take the field before the ${value.kind} is applied`,
  );
}
