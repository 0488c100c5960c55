import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  type DatePartName,
  type DateUnit,
  dateParts,
  dateUnits,
} from '../../../lib/kernel/expression/nodes.ts';
import type { Value } from '../../../lib/kernel/value-type.ts';
import { evaluate, int, of, string, timestamp } from './evaluate.ts';

const at = (text: string): number => {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new Error(text);
  return time;
};
const part = (time: Value, name: DatePartName): Value =>
  evaluate(x => ({ kind: 'datePart', type: int, value: x!, part: name }), [of(timestamp)(time)]);
const truncate = (time: Value, unit: DateUnit): Value =>
  evaluate(x => ({ kind: 'dateTruncate', type: timestamp, value: x!, unit }), [of(timestamp)(time)]);

describe('date parts, in UTC', () => {
  test.each([
    // time, year, month, day, hour, minute, second, dayOfWeek, dayOfYear
    ['2024-02-29T23:59:59.999Z', 2024, 2, 29, 23, 59, 59, 4, 60],
    ['2024-12-31T00:00:00.000Z', 2024, 12, 31, 0, 0, 0, 2, 366],
    ['2023-12-31T00:00:00.000Z', 2023, 12, 31, 0, 0, 0, 7, 365],
    ['1970-01-01T00:00:00.000Z', 1970, 1, 1, 0, 0, 0, 4, 1],
    ['1969-12-31T23:59:59.999Z', 1969, 12, 31, 23, 59, 59, 3, 365],
    ['1900-03-01T12:00:00.000Z', 1900, 3, 1, 12, 0, 0, 4, 60],
    ['2000-03-01T12:00:00.000Z', 2000, 3, 1, 12, 0, 0, 3, 61],
    ['0099-12-31T23:59:59.999Z', 99, 12, 31, 23, 59, 59, 4, 365],
    ['0000-02-29T00:00:00.000Z', 0, 2, 29, 0, 0, 0, 2, 60],
    ['-000001-01-01T00:00:00.000Z', -1, 1, 1, 0, 0, 0, 5, 1],
    ['9999-12-31T23:59:59.999Z', 9999, 12, 31, 23, 59, 59, 5, 365],
  ] as const)('of %s', (text, ...wanted) => {
    expect(dateParts.map(name => part(at(text), name))).toEqual(wanted);
  });
  it('of null are null', () => {
    expect(dateParts.map(name => part(null, name))).toEqual(dateParts.map(() => null));
  });
});

describe('truncation, in UTC', () => {
  test.each([
    ['2024-02-29T23:59:59.999Z', 'minute', '2024-02-29T23:59:00.000Z'],
    ['2024-02-29T23:59:59.999Z', 'hour', '2024-02-29T23:00:00.000Z'],
    ['2024-02-29T23:59:59.999Z', 'day', '2024-02-29T00:00:00.000Z'],
    ['2024-02-29T23:59:59.999Z', 'week', '2024-02-26T00:00:00.000Z'],
    ['2024-02-29T23:59:59.999Z', 'month', '2024-02-01T00:00:00.000Z'],
    ['2024-02-29T23:59:59.999Z', 'year', '2024-01-01T00:00:00.000Z'],
    ['1969-12-31T23:59:59.999Z', 'minute', '1969-12-31T23:59:00.000Z'],
    ['1969-12-31T23:59:59.999Z', 'day', '1969-12-31T00:00:00.000Z'],
    ['1969-12-31T23:59:59.999Z', 'week', '1969-12-29T00:00:00.000Z'],
    ['1969-12-31T23:59:59.999Z', 'month', '1969-12-01T00:00:00.000Z'],
    ['1969-12-31T23:59:59.999Z', 'year', '1969-01-01T00:00:00.000Z'],
    // Monday begins a week, Sunday ends it.
    ['2024-07-01T00:00:00.000Z', 'week', '2024-07-01T00:00:00.000Z'],
    ['2024-06-30T23:59:59.999Z', 'week', '2024-06-24T00:00:00.000Z'],
    ['1970-01-01T00:00:00.000Z', 'week', '1969-12-29T00:00:00.000Z'],
    // Years below 100 are not of the twentieth century.
    ['0050-06-15T12:00:00.000Z', 'year', '0050-01-01T00:00:00.000Z'],
    ['0050-06-15T12:00:00.000Z', 'month', '0050-06-01T00:00:00.000Z'],
    ['0000-12-31T12:00:00.000Z', 'year', '0000-01-01T00:00:00.000Z'],
  ] as const)('of %s to the %s is %s', (text, unit, wanted) => {
    expect(new Date(truncate(at(text), unit) as number).toISOString()).toBe(wanted);
  });
  it('of null is null', () => {
    expect(dateUnits.map(unit => truncate(null, unit))).toEqual(dateUnits.map(() => null));
  });

  it('is not above the time, truncates to itself, and lies in the same week, month and year', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        date => {
          const time = date.getTime();
          for (const unit of dateUnits) {
            const start = truncate(time, unit) as number;
            expect(start).toBeLessThanOrEqual(time);
            expect(truncate(start, unit)).toBe(start);
          }
          expect(part(truncate(time, 'week'), 'dayOfWeek')).toBe(1);
          expect(part(truncate(time, 'month'), 'day')).toBe(1);
          expect(part(truncate(time, 'month'), 'month')).toBe(date.getUTCMonth() + 1);
          expect(part(truncate(time, 'year'), 'year')).toBe(date.getUTCFullYear());
          expect(part(truncate(time, 'year'), 'dayOfYear')).toBe(1);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('times that no calendar has', () => {
  const furthest = 8.64e15;
  it('yield null instead of NaN', () => {
    for (const time of [furthest + 1, -furthest - 1, Number.MAX_SAFE_INTEGER]) {
      for (const name of ['year', 'month', 'day', 'dayOfYear'] as const) expect(part(time, name)).toBeNull();
      for (const unit of ['month', 'year'] as const) expect(truncate(time, unit)).toBeNull();
    }
  });
  it('begin where a truncation leaves the calendar', () => {
    for (const unit of ['week', 'month', 'year'] as const) expect(truncate(-furthest, unit)).toBeNull();
    expect(part(-furthest, 'dayOfYear')).toBeNull();
    expect(part(-furthest, 'year')).toBe(-271821);
    expect(truncate(-furthest, 'day')).toBe(-furthest);
  });
  it('have no text', () => {
    const cast = (time: number) =>
      evaluate(x => ({ kind: 'cast', type: string, value: x! }), [of(timestamp)(time)]);
    expect(cast(furthest)).toBe('+275760-09-13T00:00:00.000Z');
    expect(cast(furthest + 1)).toBeNull();
  });
});
