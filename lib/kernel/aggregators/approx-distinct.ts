import { hash53 } from '../hash.ts';
import type { ScalarValue } from '../value-type.ts';
import type { ObjectAggregator } from './aggregator.ts';
import { type GatheredRegisters, registerGatherer } from './gather-registers.ts';
import {
  denseForm,
  inDense,
  noEntry,
  raise,
  raiseAll,
  sparseCount,
  sparsePrecision,
  sparseRegisters,
} from './registers.ts';

/**
 * HyperLogLog (Flajolet, Fusy, Gandouet, Meunier, 2007) over 53-bit hashes with 2^precision registers, sparse while
 * small as in HyperLogLog++ (Heule, Nunkesser, Hall, EDBT 2013): the sparse form keeps what a sketch of 2^20
 * registers would, which gives all that the dense form needs. Standard error 1.04 / √(2^precision): 1.63 % at 12;
 * sparse, far below 0.1 %. Which form a sketch has depends on the values met, not on their order.
 */
export function approxDistinct(precision: number): ObjectAggregator<HyperLogLog> {
  const registers = 2 ** precision;
  const sparseLimit = registers / 4;

  function densify(p: HyperLogLog): Uint8Array {
    const dense = new Uint8Array(registers);
    for (const entry of p.sparse) raise(dense, registerOf(entry), rankOf(entry));
    p.dense = dense;
    p.sparse = [];
    return dense;
  }

  function addEntry(p: HyperLogLog, entry: number): void {
    if (p.dense !== null) {
      raise(p.dense, registerOf(entry), rankOf(entry));
    } else if (insertSorted(p.sparse, entry) && p.sparse.length > sparseLimit) {
      densify(p);
    }
  }

  const { registerOf, rankOf } = inDense(precision);

  return {
    shape: 'object',
    create: () => ({ dense: null, sparse: [] }),
    update(p, value: ScalarValue) {
      addEntry(p, entryOf(hash53(value)));
    },
    merge(into, from) {
      if (from.dense === null) {
        for (const entry of from.sparse) addEntry(into, entry);
      } else {
        const dense = into.dense ?? densify(into);
        for (let i = 0; i < registers; i++) raise(dense, i, from.dense[i] as number);
      }
    },
    encode(w, p) {
      if (p.dense === null) {
        w.uint(p.sparse.length * 2);
        let before = 0;
        for (const entry of p.sparse) {
          w.uint(entry - before);
          before = entry;
        }
        return;
      }
      w.uint(denseForm);
      // Four registers of six bits in three bytes.
      for (let i = 0; i < registers; i += 4) {
        const word =
          (p.dense[i] as number) |
          ((p.dense[i + 1] as number) << 6) |
          ((p.dense[i + 2] as number) << 12) |
          ((p.dense[i + 3] as number) << 18);
        w.byte(word & 255);
        w.byte((word >> 8) & 255);
        w.byte(word >> 16);
      }
    },
    decode(r) {
      const p: HyperLogLog = { dense: null, sparse: [] };
      const header = r.uint();
      if (header === denseForm) {
        p.dense = new Uint8Array(registers);
        raiseAll(p.dense, r);
      } else {
        let entry = 0;
        for (let n = sparseCount(header, sparseLimit, r); n > 0; n--) {
          entry += r.uint();
          if (entry >= sparseRegisters * 64) throw noEntry(entry, r);
          p.sparse.push(entry);
        }
      }
      return p;
    },
    refold(r, w, _, value: ScalarValue) {
      const { bytes, end } = r;
      const header = r.uint();
      if (header === denseForm || header / 2 >= sparseLimit) return 'open';
      const count = sparseCount(header, sparseLimit, r);
      const first = r.at;
      const wanted = entryOf(hash53(value));
      let before = 0;
      let entry = 0;
      let at = first;
      for (let i = 0; i < count; i++) {
        before = entry;
        at = r.at;
        entry += r.uint();
        if (entry >= wanted) break;
        at = r.at;
      }
      if (entry === wanted && count > 0) return 'same';
      w.uint(header + 2);
      w.copy(bytes, first, at);
      if (entry < wanted || count === 0) {
        w.uint(wanted - entry);
      } else {
        w.uint(wanted - before);
        w.uint(entry - wanted);
      }
      w.copy(bytes, r.at, end);
      return 'written';
    },
    skip(r) {
      const header = r.uint();
      if (header === denseForm) r.advance((registers / 4) * 3);
      else for (let n = sparseCount(header, sparseLimit, r); n > 0; n--) r.skipUint();
    },
    gatherer: registerGatherer(precision),
  };
}

/** Exactly one of the two forms is in use. A sparse entry is (register of 2^20) × 64 + rank. */
export interface HyperLogLog {
  dense: Uint8Array | null;
  /** Ascending, each once. */
  sparse: number[];
}

/**
 * How many distinct values, rounded. Sparse: linear counting over the 2^20 registers (Whang, Vander-Zanden, Taylor,
 * TODS 1990). Dense: Ertl's improved raw estimator ("New cardinality estimation algorithms for HyperLogLog
 * sketches", arXiv:1702.01284, section 4), which needs no bias tables.
 */
export function cardinality(p: HyperLogLog | GatheredRegisters): number {
  if (p.dense === null) {
    const occupied = 'sparse' in p ? occupiedBy(p.sparse) : p.occupied;
    return Math.round(-sparseRegisters * Math.log1p(-occupied / sparseRegisters));
  }
  const m = p.dense.length;
  const bits = hashBits - Math.log2(m);
  const multiplicity = new Array<number>(bits + 2).fill(0);
  for (const rank of p.dense) multiplicity[rank] = (multiplicity[rank] as number) + 1;
  let z = m * tau(1 - (multiplicity[bits + 1] as number) / m);
  for (let k = bits; k >= 1; k--) z = 0.5 * (z + (multiplicity[k] as number));
  z += m * sigma((multiplicity[0] as number) / m);
  return Math.round(m ** 2 / (2 * Math.LN2 * z));
}

function occupiedBy(sparse: readonly number[]): number {
  let occupied = 0;
  let before = -1;
  for (const entry of sparse) {
    const register = entry >> 6;
    if (register !== before) occupied++;
    before = register;
  }
  return occupied;
}

const hashBits = 53;
const restBits = hashBits - sparsePrecision; // 33

function entryOf(hash: number): number {
  const register = Math.floor(hash / 2 ** restBits);
  const rest = hash % 2 ** restBits;
  const rank = rest === 0 ? restBits + 1 : restBits - Math.floor(Math.log2(rest));
  return register * 64 + rank;
}

/** Puts `x` in its place; false where it is there. */
function insertSorted(list: number[], x: number): boolean {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] as number) < x) low = middle + 1;
    else high = middle;
  }
  if (list[low] === x) return false;
  for (let i = list.length; i > low; i--) list[i] = list[i - 1] as number;
  list[low] = x;
  return true;
}

function sigma(start: number): number {
  if (start === 1) return Number.POSITIVE_INFINITY;
  let x = start;
  let y = 1;
  let z = x;
  for (;;) {
    x *= x;
    const before = z;
    z += x * y;
    y += y;
    if (z === before) return z;
  }
}

function tau(start: number): number {
  if (start === 0 || start === 1) return 0;
  let x = start;
  let y = 1;
  let z = 1 - x;
  for (;;) {
    x = Math.sqrt(x);
    const before = z;
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
    if (z === before) return z / 3;
  }
}
