import { cellCodec } from '../codec/cells.ts';
import type { NumericAggregator } from './aggregator.ts';
import { addCompensated } from './sum.ts';

/**
 * A sum in which each contribution halves every half-life: Σ x · 2^−((q − time) / halfLife) at query time q.
 *
 * Forward decay (Cormode, Shkapenyuk, Srivastava, Xu: "Forward Decay", ICDE 2009): cells [k, sum, compensation]
 * hold Σ x · 2^((time − k · halfLife) / halfLife), k being the greatest count of whole half-lives since 1970 of any
 * event. Moving k on scales by a power of two, which rounds nothing, so that order does not show.
 */
export function decayed(halfLifeMs: number): NumericAggregator {
  const advance = (cells: number[], at: number, k: number): void => {
    const factor = powerOfTwo((cells[at] as number) - k);
    cells[at] = k;
    cells[at + 1] = (cells[at + 1] as number) * factor;
    cells[at + 2] = (cells[at + 2] as number) * factor;
  };
  return {
    shape: 'numeric',
    identity: [Number.NEGATIVE_INFINITY, 0, 0],
    update(cells, at, input: number, time) {
      const k = Math.floor(time / halfLifeMs);
      if (k > (cells[at] as number)) advance(cells, at, k);
      const weight = 2 ** ((time - (cells[at] as number) * halfLifeMs) / halfLifeMs);
      addCompensated(cells, at + 1, input * weight);
    },
    merge(into, at, from, fromAt) {
      const k = from[fromAt] as number;
      if (k === Number.NEGATIVE_INFINITY) return;
      if (k > (into[at] as number)) advance(into, at, k);
      const factor = powerOfTwo(k - (into[at] as number));
      addCompensated(into, at + 1, (from[fromAt + 1] as number) * factor);
      into[at + 2] = (into[at + 2] as number) + (from[fromAt + 2] as number) * factor;
    },
    ...cellCodec('int', 'number', 'number'),
  };
}

/** 2^n of a whole n ≤ 0. `**` takes ten times as long, and merging tiles asks for one or two of each. */
const powerOfTwo = (n: number): number => (n < -1074 ? 0 : (powers[-n] as number));

const powers = Float64Array.from({ length: 1075 }, (_, n) => 2 ** -n);

/** The partial's value at `q`; 0 when nothing came. */
export function decayedValue(cells: readonly number[], at: number, halfLifeMs: number, q: number): number {
  const k = cells[at] as number;
  if (k === Number.NEGATIVE_INFINITY) return 0;
  return (
    ((cells[at + 1] as number) + (cells[at + 2] as number)) * 2 ** ((k * halfLifeMs - q) / halfLifeMs) + 0
  );
}
