import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { readText, writeText } from '../../../lib/kernel/codec/text.ts';
import { readSafeInt, valueCodec, writeSafeInt } from '../../../lib/kernel/codec/values.ts';
import { Reader, type Value, type ValueType, Writer } from '../../../lib/kernel/index.ts';

function roundTrip<T>(write: (w: Writer) => void, read: (r: Reader) => T): { value: T; bytes: number } {
  const w = new Writer();
  write(w);
  const bytes = w.finish();
  const r = new Reader(bytes);
  const value = read(r);
  expect(r.at).toBe(bytes.length);
  return { value, bytes: bytes.length };
}

const edges = [
  0,
  1,
  63,
  64,
  127,
  128,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  2 ** 51,
  2 ** 51 + 1,
  2 ** 52,
  2 ** 53 - 1,
];

describe('integers', () => {
  it('of every size come back', () => {
    for (const x of edges) {
      expect(
        roundTrip(
          w => w.uint(x),
          r => r.uint(),
        ).value,
      ).toBe(x);
      for (const y of [x, -x + 0]) expect(roundTrip(w => writeSafeInt(w, y), readSafeInt).value).toBe(y);
      if (x <= 2 ** 52)
        expect(
          roundTrip(
            w => w.int(-x),
            r => r.int(),
          ).value,
        ).toBe(-x + 0);
    }
    fc.assert(
      fc.property(fc.maxSafeInteger(), x => {
        expect(roundTrip(w => writeSafeInt(w, x), readSafeInt).value).toBe(x + 0);
      }),
    );
  });
  it('that are small take a byte', () => {
    expect(
      roundTrip(
        w => w.int(-63),
        r => r.int(),
      ).bytes,
    ).toBe(1);
    expect(
      roundTrip(
        w => w.number(12),
        r => r.number(),
      ).bytes,
    ).toBe(1);
  });
  it('of any width come back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 300n), max: 2n ** 300n }), x => {
        expect(
          roundTrip(
            w => w.bigint(x),
            r => r.bigint(),
          ).value,
        ).toBe(x);
      }),
    );
  });
});

describe('doubles', () => {
  it('come back to the bit', () => {
    const some = [
      0,
      -0,
      1.5,
      -1,
      2 ** 31 - 1,
      -(2 ** 31),
      2 ** 31,
      5e-324,
      1.7e308,
      Number.POSITIVE_INFINITY,
      Number.NaN,
    ];
    for (const x of some)
      expect(
        roundTrip(
          w => w.number(x),
          r => r.number(),
        ).value,
      ).toBe(x);
    fc.assert(
      fc.property(fc.double(), x => {
        expect(
          roundTrip(
            w => w.number(x),
            r => r.number(),
          ).value,
        ).toBe(x);
        expect(
          roundTrip(
            w => w.double(x),
            r => r.double(),
          ).value,
        ).toBe(x);
      }),
    );
  });
});

describe('text', () => {
  test.each([
    ['', 1],
    ['abc', 4],
    ['user-123', 9],
    // Digits as an integer.
    ['12345', 3],
    ['0000', 2],
    ['007', 4],
    ['999999999999999', 9],
    ['9999999999999999', 17],
    // UUIDs in lower case as 16 bytes.
    ['f47ac10b-58cc-4372-a567-0e02b2c3d479', 17],
    ['F47AC10B-58CC-4372-A567-0E02B2C3D479', 37],
    ['né', 4],
    ['😀', 5],
    ['\ufeff', 4],
    ['x'.repeat(63), 64],
    ['x'.repeat(64), 66],
    [`${'x'.repeat(62)}é`, 66],
    ['\u0000', 2],
  ])('%j comes back from %d bytes', (text, size) => {
    const { value, bytes } = roundTrip(w => writeText(w, text), readText);
    expect(value).toBe(text);
    expect(bytes).toBe(size);
  });
  it('of any kind comes back', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 100, size: 'max' }),
      fc.string({ unit: 'binary', maxLength: 100, size: 'max' }),
      fc.stringMatching(/^[0-9]{0,18}$/),
    );
    fc.assert(
      fc.property(text, s => {
        fc.pre(s.isWellFormed());
        expect(roundTrip(w => writeText(w, s), readText).value).toBe(s);
      }),
      { numRuns: 500 },
    );
  });
});

describe('values', () => {
  const int = { kind: 'int' } as const;
  const struct: ValueType = {
    kind: 'struct',
    fields: [
      { name: 'a', type: { kind: 'string' } },
      { name: 'b', type: { kind: 'list', of: int } },
    ],
  };
  test.each<[ValueType, Value]>([
    [{ kind: 'bool' }, true],
    [{ kind: 'bool' }, false],
    [int, -5],
    [{ kind: 'int64' }, -(2n ** 63n)],
    [{ kind: 'int64' }, 0n],
    [{ kind: 'float' }, 0.1],
    [{ kind: 'decimal', scale: 2 }, -1999],
    [{ kind: 'timestamp' }, 1_700_000_000_000],
    [{ kind: 'list', of: int }, []],
    [{ kind: 'list', of: int }, [1, null, -3]],
    [struct, ['x', [1, 2]]],
    [struct, [null, null]],
    [{ kind: 'list', of: struct }, [['x', []], null]],
  ])('of %o come back: %o', (type, value) => {
    const codec = valueCodec(type);
    expect(
      roundTrip(
        w => codec.write(w, value as never),
        r => codec.read(r),
      ).value,
    ).toEqual(value);
  });
});
