/** Seeded random numbers: the same seed gives the same numbers, on every machine. */
export interface Random {
  /** From 0 up to, not including, 1. */
  float(): number;
  /** A whole number from 0 to n − 1. */
  below(n: number): number;
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** A generator of its own, so that one part's draws do not shift another's. */
  fork(): Random;
}

/** The generator sfc32 (C. Doty-Humphrey, public domain). */
export function createRandom(seed: number): Random {
  let a = seed | 0;
  let b = Math.imul(seed, 0x9e37_79b9) | 0;
  let c = 0x243f_6a88;
  let counter = 1;
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return t >>> 0;
  };
  for (let i = 0; i < 15; i++) next();

  const float = (): number => next() / 2 ** 32;
  const below = (n: number): number => Math.floor(float() * n);
  return {
    float,
    below,
    between: (low, high) => low + below(high - low + 1),
    chance: probability => float() < probability,
    pick: list => list[below(list.length)] as (typeof list)[number],
    fork: () => createRandom(next()),
  };
}
