import { cellCodec } from '../codec/cells.ts';
import type { NumericAggregator } from './aggregator.ts';

/**
 * Count, mean and sum of squared distances from the mean: cells [n, mean, m2]. Updated by Welford's method, merged
 * by Chan, Golub and LeVeque's ("Updating formulae and a pairwise algorithm for computing sample variances", 1979).
 */
export const moments: NumericAggregator = {
  shape: 'numeric',
  identity: [0, 0, 0],
  update(cells, at, input: number) {
    const n = (cells[at] as number) + 1;
    const mean = cells[at + 1] as number;
    const delta = input - mean;
    const next = mean + delta / n;
    cells[at] = n;
    cells[at + 1] = next;
    cells[at + 2] = (cells[at + 2] as number) + delta * (input - next);
  },
  merge(into, at, from, fromAt) {
    const m = from[fromAt] as number;
    if (m === 0) return;
    const n = into[at] as number;
    const total = n + m;
    const delta = (from[fromAt + 1] as number) - (into[at + 1] as number);
    into[at] = total;
    into[at + 1] = (into[at + 1] as number) + (delta * m) / total;
    into[at + 2] = (into[at + 2] as number) + (from[fromAt + 2] as number) + (delta * delta * n * m) / total;
  },
  ...cellCodec('count', 'number', 'number'),
};
