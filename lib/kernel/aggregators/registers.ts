import { CorruptBytesError, type Reader } from '../codec/bytes.ts';

/* The registers of a HyperLogLog as both its forms have them, and what they look like as bytes. */

/** The header of the dense form; the sparse form's are even. */
export const denseForm = 1;

/** The sparse form keeps what a sketch of so many registers would. */
export const sparsePrecision = 20;
export const sparseRegisters = 2 ** sparsePrecision;

/** How a sparse entry counts among 2^precision registers. */
export function inDense(precision: number) {
  const bits = sparsePrecision - precision;
  const mask = 2 ** bits - 1;
  return {
    registerOf: (entry: number): number => entry >> (6 + bits),
    /** Zeros after the register's index bits, plus one. */
    rankOf(entry: number): number {
      const rest = (entry >> 6) & mask;
      return rest !== 0 ? Math.clz32(rest) - (32 - bits) + 1 : (entry & 63) + bits;
    },
  };
}

/** Reads dense registers, as they were written above. */
export function raiseAll(dense: Uint8Array, r: Reader): void {
  for (let i = 0; i < dense.length; i += 4) {
    const word = r.byte() | (r.byte() << 8) | (r.byte() << 16);
    raise(dense, i, word & 63);
    raise(dense, i + 1, (word >> 6) & 63);
    raise(dense, i + 2, (word >> 12) & 63);
    raise(dense, i + 3, word >> 18);
  }
}

/** How many entries a sketch has whose bytes begin with `header`. */
export function sparseCount(header: number, limit: number, r: Reader): number {
  if (header % 2 === 1 || header / 2 > limit)
    throw new CorruptBytesError(`unknown sketch form ${header} at byte ${r.at}`);
  return header / 2;
}

export const noEntry = (entry: number, r: Reader): CorruptBytesError =>
  new CorruptBytesError(`sketch entry ${entry} at byte ${r.at}: there are none so large`);

export function raise(dense: Uint8Array, register: number, rank: number): void {
  if (rank > (dense[register] as number)) dense[register] = rank;
}
