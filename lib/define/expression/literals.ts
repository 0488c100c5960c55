import type { Literal } from '../../kernel/expression/nodes.ts';
import { formatType, type ValueType } from '../../kernel/value-type.ts';
import { DefinitionError } from '../errors.ts';
import { deepFreeze } from '../freeze.ts';

/** Decimals keep at most as many digits after the point as a safe integer has. */
export const largestScale = 15;

const isoTime = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z)?$/;

/** The constant as a node of just this type. Throws a DefinitionError where the type has no such value. */
export function literalOf(value: unknown, type: ValueType): Literal {
  return deepFreeze({ kind: 'literal', type, value: encode(value, type) });
}

/** The constant in the type that its JavaScript form suggests: int, float, int64, string or bool. */
export function literalByForm(value: unknown): Literal {
  switch (typeof value) {
    case 'string':
      return literalOf(value, { kind: 'string' });
    case 'boolean':
      return literalOf(value, { kind: 'bool' });
    case 'bigint':
      return literalOf(value, { kind: 'int64' });
    case 'number':
      return literalOf(value, { kind: Number.isInteger(value) ? 'int' : 'float' });
    default:
      throw new DefinitionError(`${show(value)} is not a constant that expressions know`);
  }
}

/** Ms since 1970 of `2011-12-01` or `2011-12-01T08:26:00Z`; undefined for anything else. */
export function parseIsoTime(text: string): number | undefined {
  if (!isoTime.test(text)) return undefined;
  const time = Date.parse(text);
  // Date.parse rolls 30 February over into March.
  return Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text.slice(0, 10)
    ? undefined
    : time;
}

function encode(value: unknown, type: ValueType): string | number | boolean {
  const refuse = (why: string) =>
    new DefinitionError(`${show(value)} is not a value of ${formatType(type)}: ${why}`);
  switch (type.kind) {
    case 'string':
      if (typeof value !== 'string') throw refuse('write a string');
      if (!value.isWellFormed()) throw refuse('it holds half of a surrogate pair');
      return value;
    case 'bool':
      if (typeof value !== 'boolean') throw refuse('write true or false');
      return value;
    case 'int':
      if (typeof value !== 'number') throw refuse('write a number');
      if (!Number.isInteger(value))
        throw refuse('write a whole number, or cast the other side with toFloat()');
      if (!Number.isSafeInteger(value)) throw refuse('past 2^53 numbers are rounded; use int64 and a bigint');
      return value + 0;
    case 'int64':
      if (typeof value !== 'bigint') throw refuse('write a bigint, such as 5n');
      if (BigInt.asIntN(64, value) !== value) throw refuse('it does not fit into 64 bits');
      return value.toString();
    case 'float':
      if (typeof value !== 'number') throw refuse('write a number');
      if (!Number.isFinite(value)) throw refuse('write a finite number');
      return value + 0;
    case 'decimal': {
      if (typeof value !== 'number') throw refuse('write a number');
      if (!Number.isFinite(value)) throw refuse('write a finite number');
      const scaled = scaledDigits(value, type.scale);
      if (scaled === undefined) throw refuse(`it has more than ${type.scale} digits after the point`);
      if (!Number.isSafeInteger(scaled)) throw refuse('it has more digits than a decimal can hold');
      return scaled + 0;
    }
    case 'timestamp': {
      const time = typeof value === 'string' ? parseIsoTime(value) : value;
      if (typeof time !== 'number' || !Number.isSafeInteger(time))
        throw refuse("write milliseconds since 1970, or a UTC time such as '2011-12-01T08:26:00Z'");
      return time + 0;
    }
    default:
      throw refuse('there are no constants of this type');
  }
}

/** Digits after the point in the shortest text that reads back as `value`. */
export function scaleOf(value: number): number {
  const [mantissa = '', exponent = '0'] = String(value).split('e');
  return Math.max(0, (mantissa.split('.')[1] ?? '').length - Number(exponent));
}

/** `value` times 10^scale by its shortest text, so that 0.29 at scale 2 is 29; undefined where digits are left over. */
function scaledDigits(value: number, scale: number): number | undefined {
  if (scaleOf(value) > scale) return undefined;
  const [mantissa = '', exponent = '0'] = String(value).split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const zeros = scale + Number(exponent) - fraction.length;
  return Number(zeros >= 0 ? whole + fraction + '0'.repeat(zeros) : (whole + fraction).slice(0, zeros));
}

export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return String(value);
}
