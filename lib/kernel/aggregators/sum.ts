import { cellCodec } from '../codec/cells.ts';
import type { NumericAggregator } from './aggregator.ts';

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
  ...cellCodec('count', 'wide'),
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
  ...cellCodec('count', 'number', 'number'),
};

/** Adds `x` to the pair (sum, compensation) at `at`. */
export function addCompensated(cells: number[], at: number, x: number): void {
  const sum = cells[at] as number;
  const total = sum + x;
  const lost = Math.abs(sum) >= Math.abs(x) ? sum - total + x : x - total + sum;
  cells[at] = total;
  cells[at + 1] = (cells[at + 1] as number) + lost;
}

const unit = 2 ** 52;
const half = 2 ** 51;
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
