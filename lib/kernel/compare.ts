import { compareInShard, type Position } from './position.ts';
import type { ScalarValue } from './value-type.ts';

/** By code point, which is the order of the UTF-8 bytes; JavaScript's own order differs beyond U+FFFF. */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    let x = a.charCodeAt(i);
    let y = b.charCodeAt(i);
    if (x !== y) {
      // Surrogates stand for code points above all others: lift them over U+E000 … U+FFFF.
      if (x >= 0xd800 && y >= 0xd800) {
        x += x >= 0xe000 ? -0x800 : 0x2000;
        y += y >= 0xe000 ? -0x800 : 0x2000;
      }
      return x - y;
    }
  }
  return a.length - b.length;
}

/** Values of one type, ascending; false comes before true. */
export function compareScalars(a: ScalarValue, b: ScalarValue): number {
  if (typeof a === 'string') return compareStrings(a, b as string);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What orders events of one time: the event's id where the stream declares one, else its position. */
export type Tie = string | number | bigint | Position;

export function compareTies(a: Tie, b: Tie): number {
  if (typeof a === 'object') {
    const other = b as Position;
    return compareStrings(a.shard, other.shard) || compareInShard(a, other);
  }
  return compareScalars(a, b as ScalarValue);
}
