import type { Reader, Writer } from '../codec/bytes.ts';
import { cellCodec } from '../codec/cells.ts';
import type { NumericAggregator } from './aggregator.ts';

/**
 * How many events. One cell. A double counts exactly to 2^53; beyond, a sum of counts stays beyond, which is all
 * that finalize needs to refuse it.
 */
export const count: NumericAggregator = {
  shape: 'numeric',
  identity: [0],
  update(cells, at) {
    cells[at] = (cells[at] as number) + 1;
  },
  merge(into, at, from, fromAt) {
    into[at] = (into[at] as number) + (from[fromAt] as number);
  },
  ...cellCodec('count'),
};

/** Counts from 2^53 − 1 on are written alike, and read as one that is beyond. */
export const writeCount = (w: Writer, n: number): void => w.uint(Math.min(n, Number.MAX_SAFE_INTEGER));

export function readCount(r: Reader): number {
  const n = r.uint();
  return n === Number.MAX_SAFE_INTEGER ? n + 1 : n;
}
