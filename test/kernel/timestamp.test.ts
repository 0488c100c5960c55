import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { formatTimestamp, parseTimestamp } from '../../lib/kernel/timestamp.ts';

describe('parseTimestamp', () => {
  it('agrees with Date.parse on every instant of the years 0 to 9999', () => {
    const first = Date.parse('0000-01-01T00:00:00Z');
    const last = Date.parse('9999-12-31T23:59:59.999Z');
    fc.assert(
      fc.property(fc.integer({ min: first, max: last }), time => {
        const text = new Date(time).toISOString();
        expect(parseTimestamp(text)).toBe(Date.parse(text));
        expect(formatTimestamp(time)).toBe(text);
      }),
      { numRuns: 20_000 },
    );
  });

  it('agrees with Date.parse on offsets', () => {
    const two = fc.integer({ min: 0, max: 99 }).map(n => String(n).padStart(2, '0'));
    fc.assert(
      fc.property(
        fc.integer({ min: -(2 ** 42), max: 2 ** 42 }),
        fc.constantFrom('+', '-'),
        two,
        two,
        (time, sign, hours, minutes) => {
          const text = `${new Date(time).toISOString().slice(0, -1)}${sign}${hours}:${minutes}`;
          const wanted = Date.parse(text);
          expect(parseTimestamp(text)).toBe(Number.isNaN(wanted) ? null : wanted);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('agrees with Date on which days exist', () => {
    for (const year of [0, 4, 99, 100, 400, 1900, 1999, 2000, 2023, 2024, 2100]) {
      for (let month = 0; month <= 13; month++) {
        for (let date = 0; date <= 32; date++) {
          const two = (n: number): string => String(n).padStart(2, '0');
          const text = `${String(year).padStart(4, '0')}-${two(month)}-${two(date)}`;
          const day = new Date(0);
          day.setUTCFullYear(year, month - 1, date);
          const exists = day.getUTCMonth() === month - 1 && day.getUTCDate() === date;
          expect(parseTimestamp(text), text).toBe(exists ? day.getTime() : null);
        }
      }
    }
  });

  test.each([
    ['2011-12-09', '2011-12-09T00:00:00.000Z'],
    ['2011-12-09T12:50', '2011-12-09T12:50:00.000Z'],
    ['2011-12-09 12:50', '2011-12-09T12:50:00.000Z'],
    ['2011-12-09T12:50Z', '2011-12-09T12:50:00.000Z'],
    ['2011-12-09T12:50:01', '2011-12-09T12:50:01.000Z'],
    ['2011-12-09 12:50:01Z', '2011-12-09T12:50:01.000Z'],
    ['2011-12-09T12:50:01.5', '2011-12-09T12:50:01.500Z'],
    ['2011-12-09T12:50:01.05Z', '2011-12-09T12:50:01.050Z'],
    ['2011-12-09T12:50:01.005+00:00', '2011-12-09T12:50:01.005Z'],
    ['2011-12-09T12:50:01.0059', '2011-12-09T12:50:01.005Z'],
    ['2011-12-09T12:50:01.999999999Z', '2011-12-09T12:50:01.999Z'],
    ['1969-12-31T23:59:59.9999Z', '1969-12-31T23:59:59.999Z'],
    ['2011-12-09T12:50+05:30', '2011-12-09T07:20:00.000Z'],
    ['2011-12-09T12:50:00-23:59', '2011-12-10T12:49:00.000Z'],
    ['2000-02-29', '2000-02-29T00:00:00.000Z'],
    ['0099-12-31', '0099-12-31T00:00:00.000Z'],
    ['0000-02-29', '0000-02-29T00:00:00.000Z'],
  ])('accepts %s', (text, wanted) => {
    expect(parseTimestamp(text)).toBe(Date.parse(wanted));
  });

  test.each([
    '',
    '2011',
    '2011-12',
    '2011-12-9',
    '20111209',
    '2011/12/09',
    '2011-12-09T',
    '2011-12-09Z',
    '2011-12-09T12',
    '2011-12-09T12Z',
    '2011-12-09t12:50:00',
    '2011-12-09T12:50:00z',
    '2011-12-09  12:50',
    '2011-12-09T1:50:00',
    '2011-12-09T24:00:00Z',
    '2011-12-09T12:60:00Z',
    '2011-12-09T12:50:60Z',
    '2011-12-09T12:50:',
    '2011-12-09T12:50:1',
    '2011-12-09T12:50:01.',
    '2011-12-09T12:50:01.Z',
    '2011-12-09T12:50:01,5Z',
    '2011-12-09T12:50:01.1234567890Z',
    '2011-12-09T12:50:01ZZ',
    '2011-12-09T12:50:01Z ',
    ' 2011-12-09T12:50:01Z',
    '2011-12-09T12:50:01+0530',
    '2011-12-09T12:50:01+05',
    '2011-12-09T12:50:01+24:00',
    '2011-12-09T12:50:01+05:60',
    '2011-12-09T12:50:01 +05:00',
    '2011-13-01',
    '2011-00-01',
    '2011-02-29',
    '1900-02-29',
    '2011-04-31',
    '2011-12-00',
    '+002011-12-09',
    '-2011-12-09',
    '12011-12-09',
    '２０１１-12-09',
    'yesterday!',
  ])('refuses %j', text => {
    expect(parseTimestamp(text)).toBeNull();
  });
});
