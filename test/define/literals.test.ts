import fc from 'fast-check';
import { expect, test } from 'vitest';
import { literalOf, parseIsoTime, scaleOf } from '../../lib/define/expression/literals.ts';

test('a decimal constant is the integer that its digits say, however a double holds it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -(10 ** 14), max: 10 ** 14 }),
      fc.integer({ min: 0, max: 8 }),
      (scaled, scale) => {
        const digits = BigInt(scaled < 0 ? -scaled : scaled)
          .toString()
          .padStart(scale + 1, '0');
        const text = `${scaled < 0 ? '-' : ''}${digits.slice(0, digits.length - scale)}.${digits.slice(digits.length - scale)}`;
        expect(literalOf(Number(text), { kind: 'decimal', scale }).value).toBe(scaled);
      },
    ),
  );
});

test.each([
  [1, 0],
  [0.5, 1],
  [-12.34, 2],
  [1e-7, 7],
  [1.25e-9, 11],
  [1e21, 0],
  [1.5e300, 0],
])('%f has %i digits after the point', (value, scale) => {
  expect(scaleOf(value)).toBe(scale);
});

test.each([
  ['2011-12-09', Date.UTC(2011, 11, 9)],
  ['2011-12-09T12:50Z', Date.UTC(2011, 11, 9, 12, 50)],
  ['2011-12-09T12:50:01.5Z', Date.UTC(2011, 11, 9, 12, 50, 1, 500)],
  ['2012-02-29', Date.UTC(2012, 1, 29)],
  ['2011-02-29', undefined],
  ['2011-12-09T12:50', undefined],
  ['2011-12-09T24:00Z', undefined],
  ['9 December 2011', undefined],
])('%s is the time %s', (text, time) => {
  expect(parseIsoTime(text)).toBe(time);
});

test('−0 is 0', () => {
  for (const kind of ['int', 'float', 'timestamp'] as const) expect(literalOf(-0, { kind }).value).toBe(0);
  expect(literalOf(-0, { kind: 'decimal', scale: 2 }).value).toBe(0);
});
