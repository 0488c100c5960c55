import { decimalFrom, parseInt64 } from '../external.ts';
import { furthestTime } from '../time.ts';
import { formatTimestamp, parseTimestamp } from '../timestamp.ts';
import type { Value, ValueType } from '../value-type.ts';
import { float, int64, integer } from './functions.ts';

/** How values of `from` (memory form, not null) become values of `to`; null where there is no such cast. */
export function castFunction(from: ValueType, to: ValueType): ((x: never) => Value) | null {
  if (from.kind === 'decimal') {
    const unit = 10 ** from.scale;
    if (to.kind === 'decimal') return rescale(from.scale, to.scale);
    switch (to.kind) {
      case 'float':
        return (x: number) => x / unit;
      case 'int':
        return (x: number) => integer(Math.trunc(x / unit));
      case 'int64':
        return (x: number) => BigInt(x) / BigInt(unit);
      case 'string':
        return (x: number) => formatDecimal(x, from.scale);
      default:
        return null;
    }
  }
  if (to.kind === 'decimal') {
    const whole = rescale(0, to.scale);
    const unit = 10 ** to.scale;
    switch (from.kind) {
      case 'int':
        return whole;
      case 'int64':
        return (x: bigint) => integer(Number(x * BigInt(unit)));
      case 'float':
        // Halves go away from zero, as in SQL.
        return (x: number) => integer(Math.sign(x) * Math.round(Math.abs(x) * unit));
      case 'string':
        return (x: string) => decimalFrom(x, to.scale) ?? null;
      default:
        return null;
    }
  }
  return plainCasts[from.kind]?.[to.kind] ?? null;
}

/** `-12.30` for (−1230, 2). */
function formatDecimal(scaled: number, scale: number): string {
  if (scale === 0) return String(scaled);
  const digits = String(Math.abs(scaled)).padStart(scale + 1, '0');
  return `${scaled < 0 ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

const plainCasts: { [From in ValueType['kind']]?: { [To in ValueType['kind']]?: (x: never) => Value } } = {
  int: {
    int: (x: number) => x,
    int64: (x: number) => BigInt(x),
    float: (x: number) => x,
    string: (x: number) => String(x),
    bool: (x: number) => x !== 0,
    timestamp: (x: number) => (Math.abs(x) <= furthestTime ? x : null),
  },
  int64: {
    int: (x: bigint) => integer(Number(x)),
    int64: (x: bigint) => x,
    float: (x: bigint) => Number(x),
    string: (x: bigint) => String(x),
    bool: (x: bigint) => x !== 0n,
  },
  float: {
    int: (x: number) => integer(Math.trunc(x)),
    int64: (x: number) => int64(BigInt(Math.trunc(x))),
    float: (x: number) => x,
    string: (x: number) => String(x),
  },
  string: {
    string: (x: string) => x,
    int: (x: string) => (/^-?\d+$/.test(x) ? integer(Number(x)) : null),
    int64: (x: string) => parseInt64(x) ?? null,
    float: (x: string) => (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(x) ? float(Number(x)) : null),
    bool: (x: string) => (x === 'true' ? true : x === 'false' ? false : null),
    timestamp: (x: string) => parseTimestamp(x),
  },
  bool: {
    bool: (x: boolean) => x,
    int: (x: boolean) => (x ? 1 : 0),
    int64: (x: boolean) => (x ? 1n : 0n),
    float: (x: boolean) => (x ? 1 : 0),
    string: (x: boolean) => String(x),
  },
  timestamp: {
    timestamp: (x: number) => x,
    int: (x: number) => x,
    int64: (x: number) => BigInt(x),
    float: (x: number) => x,
    string: (x: number) => (Math.abs(x) <= furthestTime ? formatTimestamp(x) : null),
  },
};

/** More digits exactly; fewer, cut off towards zero. */
function rescale(from: number, to: number): (x: number) => number | null {
  const factor = 10 ** Math.abs(to - from);
  return to >= from ? x => integer(x * factor) : x => integer(Math.trunc(x / factor));
}
