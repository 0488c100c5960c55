import { compareStrings } from '../compare.ts';
import { day, floorTo, furthestTime, hour, minute } from '../time.ts';
import type { DatePartName, DateUnit } from './nodes.ts';

/**
 * What compiled expressions call at run time. Operands are values in memory form and never null; a result that its
 * type cannot hold is null.
 */

/** A float that is one: finite, and 0 rather than −0. */
export const float = (x: number): number | null => (x - x === 0 ? x + 0 : null);

/** An integer within ±(2^53 − 1), 0 rather than −0. */
export const integer = (x: number): number | null => (Number.isSafeInteger(x) ? x + 0 : null);

/** An integer within 64 bits. */
export const int64 = (x: bigint): bigint | null => (BigInt.asIntN(64, x) === x ? x : null);

export const divide = (a: number, b: number): number | null => (b === 0 ? null : float(a / b));
export const remainder = (a: number, b: number): number | null => (b === 0 ? null : float(a % b));
export const remainder64 = (a: bigint, b: bigint): bigint | null => (b === 0n ? null : a % b);

export const less = (a: string, b: string): boolean => compareStrings(a, b) < 0;

export function codePoints(text: string): number {
  let n = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c >= 0xd800 && c < 0xdc00) i++;
    n++;
  }
  return n;
}

export function splitElement(text: string, separator: string, index: number): string | null {
  const parts = text.split(separator);
  return parts.at(index) ?? null;
}

/** Null for a time that the calendar does not have, as may come of a cast or a function. */
export const datePart = (time: number, part: DatePartName): number | null => integer(partOf(time, part));

function partOf(time: number, part: DatePartName): number {
  switch (part) {
    case 'hour':
      return Math.floor((time - floorTo(time, day)) / hour);
    case 'minute':
      return Math.floor((time - floorTo(time, hour)) / minute);
    case 'second':
      return Math.floor((time - floorTo(time, minute)) / 1000);
    case 'dayOfWeek': {
      // 1970-01-01 was a Thursday, the 4th day.
      const days = Math.floor(time / day) + 3;
      return (((days % 7) + 7) % 7) + 1;
    }
    case 'year':
      return new Date(time).getUTCFullYear();
    case 'month':
      return new Date(time).getUTCMonth() + 1;
    case 'day':
      return new Date(time).getUTCDate();
    case 'dayOfYear':
      return Math.floor((time - startOf(new Date(time).getUTCFullYear(), 0)) / day) + 1;
  }
}

/** Null where the calendar has no such time. */
export function dateTruncate(time: number, unit: DateUnit): number | null {
  const start = truncated(time, unit);
  return Math.abs(start) <= furthestTime ? start : null;
}

function truncated(time: number, unit: DateUnit): number {
  switch (unit) {
    case 'minute':
      return floorTo(time, minute);
    case 'hour':
      return floorTo(time, hour);
    case 'day':
      return floorTo(time, day);
    case 'week':
      return floorTo(time + 3 * day, 7 * day) - 3 * day;
    case 'month': {
      const date = new Date(time);
      return startOf(date.getUTCFullYear(), date.getUTCMonth());
    }
    case 'year':
      return startOf(new Date(time).getUTCFullYear(), 0);
  }
}

/** `Date.UTC` reads years below 100 as of the twentieth century; this does not. */
function startOf(year: number, month: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month, 1);
  return date.getTime();
}
