import type { Random } from './random.ts';

/**
 * Draws ranks from 0 to `n` − 1, rank r with a weight of 1 / (r + 1)^exponent. Constant time a draw, by the alias
 * method (Walker 1977, Vose 1991): rank and alias share a column of height 1.
 */
export function createZipf(n: number, exponent: number): (random: Random) => number {
  const heights = new Float64Array(n);
  const aliases = new Uint32Array(n);
  let total = 0;
  for (let r = 0; r < n; r++) {
    heights[r] = (r + 1) ** -exponent;
    total += heights[r] as number;
  }
  const small: number[] = [];
  const large: number[] = [];
  for (let r = n - 1; r >= 0; r--) {
    heights[r] = ((heights[r] as number) * n) / total;
    ((heights[r] as number) < 1 ? small : large).push(r);
  }
  while (small.length > 0 && large.length > 0) {
    const low = small.pop() as number;
    const high = large.at(-1) as number;
    aliases[low] = high;
    heights[high] = (heights[high] as number) + (heights[low] as number) - 1;
    if ((heights[high] as number) < 1) small.push(large.pop() as number);
  }
  // What rounding left over fills its column alone.
  for (const r of [...small, ...large]) heights[r] = 1;

  return random => {
    const column = random.below(n);
    return random.next() < (heights[column] as number) ? column : (aliases[column] as number);
  };
}
