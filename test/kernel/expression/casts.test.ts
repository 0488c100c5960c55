import { describe, expect, it, test } from 'vitest';
import { compileExpression } from '../../../lib/kernel/expression/compile.ts';
import { ExpressionError } from '../../../lib/kernel/expression/emit.ts';
import type { Value, ValueType } from '../../../lib/kernel/value-type.ts';
import {
  bool,
  decimal,
  evaluate,
  fieldOf,
  float,
  int,
  int64,
  listOf,
  string,
  timestamp,
} from './evaluate.ts';

const max = Number.MAX_SAFE_INTEGER;
const cast = (value: Value, from: ValueType, to: ValueType): Value =>
  evaluate(x => ({ kind: 'cast', type: to, value: x! }), [{ value, type: from }]);

type Table = readonly (readonly [Value, Value])[];
const cents = decimal(2);

/** Every cast there is: values and what becomes of them. */
const casts: readonly { from: ValueType; to: ValueType; table: Table }[] = [
  { from: int, to: int, table: [[5, 5]] },
  {
    from: int,
    to: int64,
    table: [
      [max, 9007199254740991n],
      [-5, -5n],
    ],
  },
  { from: int, to: float, table: [[5, 5]] },
  {
    from: int,
    to: string,
    table: [
      [-5, '-5'],
      [0, '0'],
      [max, '9007199254740991'],
    ],
  },
  {
    from: int,
    to: bool,
    table: [
      [0, false],
      [1, true],
      [-7, true],
    ],
  },
  {
    from: int,
    to: timestamp,
    table: [
      [-1, -1],
      [8.64e15, 8.64e15],
      [8.64e15 + 1, null],
      [-max, null],
    ],
  },
  {
    from: int,
    to: cents,
    table: [
      [5, 500],
      [-5, -500],
      [0, 0],
      [90071992547409, 9007199254740900],
      [90071992547410, null],
    ],
  },

  {
    from: int64,
    to: int,
    table: [
      [5n, 5],
      [9007199254740991n, max],
      [9007199254740992n, null],
      [9007199254740993n, null],
      [-(2n ** 63n), null],
    ],
  },
  { from: int64, to: int64, table: [[2n ** 63n - 1n, 2n ** 63n - 1n]] },
  {
    from: int64,
    to: float,
    table: [
      [5n, 5],
      [9007199254740993n, 9007199254740992],
    ],
  },
  { from: int64, to: string, table: [[-(2n ** 63n), '-9223372036854775808']] },
  {
    from: int64,
    to: bool,
    table: [
      [0n, false],
      [2n, true],
    ],
  },
  {
    from: int64,
    to: cents,
    table: [
      [5n, 500],
      [90071992547409n, 9007199254740900],
      [90071992547410n, null],
      [2n ** 62n, null],
    ],
  },

  {
    from: float,
    to: int,
    table: [
      [1.9, 1],
      [-1.9, -1],
      [-0.5, 0],
      [1e15, 1e15],
      [1e16, null],
    ],
  },
  {
    from: float,
    to: int64,
    table: [
      [1.9, 1n],
      [-1.9, -1n],
      [1e16, 10000000000000000n],
      [9.3e18, null],
      [-(2 ** 63), -(2n ** 63n)],
    ],
  },
  { from: float, to: float, table: [[1.5, 1.5]] },
  {
    from: float,
    to: string,
    table: [
      [1.5, '1.5'],
      [1e21, '1e+21'],
      [0, '0'],
    ],
  },
  {
    from: float,
    to: cents,
    table: [
      [0.29, 29],
      [1.005, 100],
      [-0.29, -29],
      [1e14, null],
      [0, 0],
      [-0.001, 0],
      [1.999, 200],
      [0.125, 13],
      [-0.125, -13],
    ],
  },

  {
    from: cents,
    to: int,
    table: [
      [199, 1],
      [-199, -1],
      [-50, 0],
      [max, 90071992547409],
    ],
  },
  {
    from: cents,
    to: int64,
    table: [
      [199, 1n],
      [-199, -1n],
      [-50, 0n],
    ],
  },
  {
    from: cents,
    to: float,
    table: [
      [29, 0.29],
      [-150, -1.5],
      [0, 0],
    ],
  },
  {
    from: cents,
    to: string,
    table: [
      [-1230, '-12.30'],
      [5, '0.05'],
      [-5, '-0.05'],
      [0, '0.00'],
      [100, '1.00'],
      [max, '90071992547409.91'],
    ],
  },
  { from: decimal(0), to: string, table: [[-12, '-12']] },
  {
    from: cents,
    to: decimal(3),
    table: [
      [5, 50],
      [-5, -50],
      [max, null],
    ],
  },
  {
    from: cents,
    to: decimal(1),
    table: [
      [19, 1],
      [-19, -1],
      [-9, 0],
      [max, 900719925474099],
    ],
  },
  { from: cents, to: cents, table: [[5, 5]] },

  { from: string, to: string, table: [['x', 'x']] },
  {
    from: string,
    to: int,
    table: [
      ['5', 5],
      ['-5', -5],
      ['007', 7],
      ['-0', 0],
      ['9007199254740991', max],
      ['9007199254740992', null],
      ['', null],
      [' 5', null],
      ['5 ', null],
      ['+5', null],
      ['5.0', null],
      ['1e3', null],
      ['0x10', null],
      ['five', null],
      ['５', null],
    ],
  },
  {
    from: string,
    to: int64,
    table: [
      ['9223372036854775807', 2n ** 63n - 1n],
      ['-9223372036854775808', -(2n ** 63n)],
      ['9223372036854775808', null],
      ['', null],
      ['-', null],
      ['1n', null],
      ['0x10', null],
      [' 1', null],
    ],
  },
  {
    from: string,
    to: float,
    table: [
      ['1.5', 1.5],
      ['-1.5e-3', -0.0015],
      ['.5', 0.5],
      ['5.', 5],
      ['+5', 5],
      ['-0', 0],
      ['1e999', null],
      ['NaN', null],
      ['Infinity', null],
      ['', null],
      ['.', null],
      ['1e', null],
      ['0x10', null],
      ['1_000', null],
      [' 1', null],
    ],
  },
  {
    from: string,
    to: bool,
    table: [
      ['true', true],
      ['false', false],
      ['True', null],
      ['1', null],
      ['', null],
    ],
  },
  {
    from: string,
    to: timestamp,
    table: [
      ['1970-01-01T00:00:01Z', 1000],
      ['1970-01-02', 86400000],
      ['0', null],
      ['', null],
    ],
  },
  {
    from: string,
    to: cents,
    table: [
      ['0.29', 29],
      ['-0.29', -29],
      ['5', 500],
      ['5.100', 510],
      ['-0', 0],
      ['0.295', null],
      ['90071992547409.91', max],
      ['90071992547409.92', null],
      ['', null],
      ['5.', null],
      ['.5', null],
      ['1e2', null],
      ['+1', null],
    ],
  },

  { from: bool, to: bool, table: [[true, true]] },
  {
    from: bool,
    to: int,
    table: [
      [true, 1],
      [false, 0],
    ],
  },
  {
    from: bool,
    to: int64,
    table: [
      [true, 1n],
      [false, 0n],
    ],
  },
  {
    from: bool,
    to: float,
    table: [
      [true, 1],
      [false, 0],
    ],
  },
  {
    from: bool,
    to: string,
    table: [
      [true, 'true'],
      [false, 'false'],
    ],
  },

  { from: timestamp, to: timestamp, table: [[5, 5]] },
  { from: timestamp, to: int, table: [[-5, -5]] },
  { from: timestamp, to: int64, table: [[-5, -5n]] },
  { from: timestamp, to: float, table: [[5, 5]] },
  {
    from: timestamp,
    to: string,
    table: [
      [0, '1970-01-01T00:00:00.000Z'],
      [-1, '1969-12-31T23:59:59.999Z'],
    ],
  },
];

const name = (type: ValueType): string => (type.kind === 'decimal' ? `decimal(${type.scale})` : type.kind);

describe('casts', () => {
  for (const { from, to, table } of casts) {
    test(`from ${name(from)} to ${name(to)}`, () => {
      for (const [value, wanted] of table) expect(cast(value, from, to), String(value)).toBe(wanted);
      expect(cast(null, from, to)).toBeNull();
    });
  }

  it('that are not in this table do not compile', () => {
    const all = [bool, int, int64, float, cents, string, timestamp, listOf(int)];
    const known = new Set(casts.map(({ from, to }) => `${from.kind} ${to.kind}`));
    for (const from of all) {
      for (const to of all) {
        if (known.has(`${from.kind} ${to.kind}`)) continue;
        const compile = () => compileExpression({ kind: 'cast', type: to, value: fieldOf('f', from) });
        expect(compile, `${from.kind} to ${to.kind}`).toThrow(ExpressionError);
      }
    }
  });
});
