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
  isEmpty: (cells, at) => cells[at] === 0,
  encode(w, cells, at) {
    w.uint(Math.min(cells[at] as number, Number.MAX_SAFE_INTEGER));
  },
  decode(r, cells) {
    cells.push(r.uint());
  },
};
