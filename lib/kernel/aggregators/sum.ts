import { CorruptBytesError } from '../codec/bytes.ts';
import type { NumericAggregator } from './aggregator.ts';
import { readCount, writeCount } from './count.ts';

/**
 * Sum and number of values. Both forms have three cells, the count first: sum and average read the same partial.
 */

/** Integers, exactly, at any width: cells [n, low, high], the sum being high × 2^52 + low. */
export const intSum: NumericAggregator = {
  shape: 'numeric',
  identity: [0, 0, 0],
  update(cells, at, input: number) {
    cells[at] = (cells[at] as number) + 1;
    addInteger(cells, at + 1, input);
  },
  merge(into, at, from, fromAt) {
    into[at] = (into[at] as number) + (from[fromAt] as number);
    into[at + 2] = (into[at + 2] as number) + (from[fromAt + 2] as number);
    addInteger(into, at + 1, from[fromAt + 1] as number);
  },
  isEmpty: (cells, at) => cells[at] === 0,
  encode(w, cells, at) {
    writeCount(w, cells[at] as number);
    const low = cells[at + 1] as number;
    if (cells[at + 2] === 0 && low > -shortest && low < shortest) {
      w.uint((low < 0 ? -low * 2 - 1 : low * 2) * 2);
    } else {
      w.uint(1);
      w.bigint(wideInteger(low, cells[at + 2] as number));
    }
  },
  decode(r, cells, at) {
    cells[at] = readCount(r);
    const head = r.uint();
    if (head === 1) {
      const total = r.bigint();
      const high = total / bigUnit;
      cells[at + 1] = Number(total - high * bigUnit);
      cells[at + 2] = Number(high);
    } else {
      if (head % 2 !== 0) throw new CorruptBytesError(`unknown sum form ${head} at byte ${r.at}`);
      const zigzag = head / 2;
      cells[at + 1] = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
      cells[at + 2] = 0;
    }
  },
  skip(r) {
    r.skipUint();
    if (r.uint() === 1) r.skipBigint();
  },
};

/** As `intSum`, of bigints. */
export const int64Sum: NumericAggregator = {
  ...intSum,
  update(cells, at, input: bigint) {
    cells[at] = (cells[at] as number) + 1;
    const high = input / bigUnit;
    cells[at + 2] = (cells[at + 2] as number) + Number(high);
    addInteger(cells, at + 1, Number(input - high * bigUnit));
  },
};

/** Doubles with Neumaier's compensation (ZAMM 54, 1974): cells [n, sum, compensation]. */
export const floatSum: NumericAggregator = {
  shape: 'numeric',
  identity: [0, 0, 0],
  update(cells, at, input: number) {
    cells[at] = (cells[at] as number) + 1;
    addCompensated(cells, at + 1, input);
  },
  merge(into, at, from, fromAt) {
    into[at] = (into[at] as number) + (from[fromAt] as number);
    addCompensated(into, at + 1, from[fromAt + 1] as number);
    into[at + 2] = (into[at + 2] as number) + (from[fromAt + 2] as number);
  },
  isEmpty: (cells, at) => cells[at] === 0,
  encode(w, cells, at) {
    writeCount(w, cells[at] as number);
    w.number(cells[at + 1] as number);
    w.number(cells[at + 2] as number);
  },
  decode(r, cells, at) {
    cells[at] = readCount(r);
    cells[at + 1] = r.number();
    cells[at + 2] = r.number();
  },
  skip(r) {
    r.skipUint();
    r.skipNumber();
    r.skipNumber();
  },
};

/** Adds `x` to the pair (sum, compensation) at `at`. */
export function addCompensated(cells: number[], at: number, x: number): void {
  const sum = cells[at] as number;
  const total = sum + x;
  const lost = Math.abs(sum) >= Math.abs(x) ? sum - total + x : x - total + sum;
  cells[at] = total;
  cells[at + 1] = (cells[at + 1] as number) + lost;
}

/** The exact integer in the pair (low, high). */
export const wideInteger = (low: number, high: number): bigint => BigInt(high) * bigUnit + BigInt(low);

const unit = 2 ** 52;
const half = 2 ** 51;
const shortest = 2 ** 50;
const bigUnit = 2n ** 52n;

/** Adds an integer of |x| ≤ 2^53 to the pair (low, high) at `at`; |low| stays ≤ 2^52, so that nothing is rounded. */
function addInteger(cells: number[], at: number, x: number): void {
  let add = x;
  if (add > half || add < -half) {
    const carry = Math.trunc(add / unit);
    cells[at + 1] = (cells[at + 1] as number) + carry;
    add -= carry * unit;
  }
  const low = (cells[at] as number) + add;
  if (low > unit || low < -unit) {
    const carry = Math.trunc(low / unit);
    cells[at + 1] = (cells[at + 1] as number) + carry;
    cells[at] = low - carry * unit;
  } else {
    cells[at] = low;
  }
}
