import { CorruptBytesError, type Reader } from '../codec/bytes.ts';
import { hash53 } from '../hash.ts';
import type { ScalarValue } from '../value-type.ts';
import type { ObjectAggregator } from './aggregator.ts';

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

  // What `absorb` reads and merges in, so that it makes nothing: a read does so for every tile.
  const theirs = new Int32Array(sparseLimit);
  const both = new Int32Array(2 * sparseLimit + 1);

  const shift = 2 ** (sparsePrecision - precision);
  const registerOf = (entry: number): number => Math.floor(Math.floor(entry / 64) / shift);

  /** The rank in the dense register: zeros after its index bits, plus one. */
  function rankOf(entry: number): number {
    const rest = Math.floor(entry / 64) % shift;
    return rest !== 0
      ? Math.clz32(rest) - (32 - (sparsePrecision - precision)) + 1
      : (entry % 64) + (sparsePrecision - precision);
  }

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
        for (let n = sparseCount(header, r); n > 0; n--) {
          entry += r.uint();
          p.sparse.push(entry);
        }
      }
      return p;
    },
    absorb(into, r) {
      const header = r.uint();
      if (header === denseForm) {
        raiseAll(into.dense ?? densify(into), r);
      } else {
        const count = sparseCount(header, r);
        let entry = 0;
        for (let i = 0; i < count; i++) {
          entry += r.uint();
          if (into.dense === null) theirs[i] = entry;
          else raise(into.dense, registerOf(entry), rankOf(entry));
        }
        if (into.dense === null) {
          unite(into.sparse, theirs, count, both);
          if (into.sparse.length > sparseLimit) densify(into);
        }
      }
    },
  };

  /** Reads dense registers, as they were written above. */
  function raiseAll(dense: Uint8Array, r: Reader): void {
    for (let i = 0; i < registers; i += 4) {
      const word = r.byte() | (r.byte() << 8) | (r.byte() << 16);
      raise(dense, i, word & 63);
      raise(dense, i + 1, (word >> 6) & 63);
      raise(dense, i + 2, (word >> 12) & 63);
      raise(dense, i + 3, word >> 18);
    }
  }

  function sparseCount(header: number, r: Reader): number {
    if (header % 2 === 1 || header / 2 > sparseLimit)
      throw new CorruptBytesError(`unknown sketch form ${header} at byte ${r.at}`);
    return header / 2;
  }
}

const denseForm = 1;

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
export function cardinality(p: HyperLogLog): number {
  if (p.dense === null) {
    let occupied = 0;
    let before = -1;
    for (const entry of p.sparse) {
      const register = Math.floor(entry / 64);
      if (register !== before) occupied++;
      before = register;
    }
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

const hashBits = 53;
const sparsePrecision = 20;
const sparseRegisters = 2 ** sparsePrecision;
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

/** Merges the first `count` of an ascending list into another one, each value once; `room` is for both. */
function unite(into: number[], from: Int32Array, count: number, room: Int32Array): void {
  const mine = into.length;
  let i = 0;
  let j = 0;
  let n = 0;
  while (i < mine || j < count) {
    const x = i < mine ? (into[i] as number) : Number.POSITIVE_INFINITY;
    const y = j < count ? (from[j] as number) : Number.POSITIVE_INFINITY;
    room[n++] = x < y ? x : y;
    if (x <= y) i++;
    if (y <= x) j++;
  }
  for (let k = 0; k < n; k++) into[k] = room[k] as number;
}

function raise(dense: Uint8Array, register: number, rank: number): void {
  if (rank > (dense[register] as number)) dense[register] = rank;
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
