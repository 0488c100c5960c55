import { furthestTime } from './time.ts';
import { parseTimestamp } from './timestamp.ts';
import type { ScalarValue, Value, ValueType } from './value-type.ts';

/**
 * A value as people and models see it: decimals and timestamps are numbers, int64 a bigint, structs and maps plain
 * objects (a map's keys as text). Everything else is the same in both forms.
 */
export function toExternal(value: Value, type: ValueType): unknown {
  if (value === null) return null;
  switch (type.kind) {
    case 'decimal':
      return (value as number) / 10 ** type.scale;
    case 'list':
      return (value as readonly Value[]).map(v => toExternal(v, type.of));
    case 'struct': {
      const values = value as readonly Value[];
      return Object.fromEntries(type.fields.map((f, i) => [f.name, toExternal(values[i] ?? null, f.type)]));
    }
    case 'map': {
      const map = value as ReadonlyMap<ScalarValue, Value>;
      return Object.fromEntries(
        [...map].map(([k, v]) => [String(toExternal(k, type.key)), toExternal(v, type.value)]),
      );
    }
    default:
      return value;
  }
}

/** The value in memory form, or undefined where `external` is not a value of the type. Maps do not come from outside. */
export function fromExternal(external: unknown, type: ValueType): Value | undefined {
  if (external === null || external === undefined) return null;
  switch (type.kind) {
    case 'string':
      return typeof external === 'string' && external.isWellFormed() ? external : undefined;
    case 'bool':
      return typeof external === 'boolean' ? external : undefined;
    case 'int':
      return Number.isSafeInteger(external) ? (external as number) + 0 : undefined;
    case 'float':
      return Number.isFinite(external) ? (external as number) + 0 : undefined;
    case 'timestamp':
      if (typeof external === 'string') return parseTimestamp(external) ?? undefined;
      return Number.isSafeInteger(external) && Math.abs(external as number) <= furthestTime
        ? (external as number) + 0
        : undefined;
    case 'int64': {
      if (typeof external === 'bigint')
        return BigInt.asIntN(64, external) === external ? external : undefined;
      if (typeof external === 'string') return parseInt64(external);
      return Number.isSafeInteger(external) ? BigInt(external as number) : undefined;
    }
    case 'decimal':
      return decimalFrom(external, type.scale);
    case 'list': {
      if (!Array.isArray(external)) return undefined;
      const values = external.map(v => fromExternal(v, type.of));
      return values.includes(undefined) ? undefined : (values as Value[]);
    }
    case 'struct': {
      if (typeof external !== 'object' || Array.isArray(external)) return undefined;
      const values = type.fields.map(f =>
        fromExternal(
          Object.hasOwn(external, f.name) ? (external as Record<string, unknown>)[f.name] : null,
          f.type,
        ),
      );
      return values.includes(undefined) ? undefined : (values as Value[]);
    }
    case 'map':
      return undefined;
  }
}

/** An int64 of its decimal digits, or undefined. */
export function parseInt64(text: string): bigint | undefined {
  if (!/^-?\d{1,19}$/.test(text)) return undefined;
  const x = BigInt(text);
  return BigInt.asIntN(64, x) === x ? x : undefined;
}

/** The scaled integer of a number or decimal text that has no more than `scale` decimals, or undefined. */
export function decimalFrom(external: unknown, scale: number): number | undefined {
  const unit = 10 ** scale;
  if (typeof external === 'number') {
    // The double nearest to scaled / 10^scale is this number: then it was written with those decimals.
    const scaled = Math.round(external * unit);
    return Number.isSafeInteger(scaled) && scaled / unit === external ? scaled + 0 : undefined;
  }
  if (typeof external !== 'string') return undefined;
  const parts = /^(-?)(\d{1,16})(?:\.(\d+))?$/.exec(external);
  if (parts === null) return undefined;
  const fraction = (parts[3] ?? '').replace(/0+$/, '');
  if (fraction.length > scale) return undefined;
  const scaled = Number((parts[2] as string) + fraction.padEnd(scale, '0')) * (parts[1] === '-' ? -1 : 1);
  return Number.isSafeInteger(scaled) ? scaled + 0 : undefined;
}
