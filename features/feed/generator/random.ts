/** Numbers drawn from a seed: the same seed, the same numbers, on every machine. */
export interface Random {
  /** From 0 (inclusive) to 1 (exclusive), in steps of 2^-32. */
  next(): number;
  /** A whole number from 0 to `n` − 1. */
  below(n: number): number;
  /** From `least` to `most`, evenly. */
  between(least: number, most: number): number;
  /** Positive, of this mean: the time until something that happens at a constant rate. */
  exponential(mean: number): number;
}

/**
 * sfc32 by C. Doty-Humphrey (PractRand, public domain): 128 bits of state, periods of at least 2^32. Every `use` of a
 * seed has numbers of its own.
 */
export function createRandom(seed: number, use: string): Random {
  let a = hashOf(use);
  let b = Math.floor(seed / 2 ** 32) | 0;
  let c = seed | 0;
  let counter = 1;

  function next(): number {
    const t = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return (t >>> 0) / 2 ** 32;
  }

  // The first numbers of neighbouring seeds are alike.
  for (let i = 0; i < 20; i++) next();

  return {
    next,
    below: n => Math.floor(next() * n),
    between: (least, most) => least + next() * (most - least),
    exponential: mean => -mean * Math.log(1 - next()),
  };
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c_9dc5 | 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193);
  return hash;
}
