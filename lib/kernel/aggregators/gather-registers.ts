import type { Gatherer } from './aggregator.ts';
import { denseForm, inDense, noEntry, raise, raiseAll, sparseCount, sparseRegisters } from './registers.ts';

/** A HyperLogLog that is only asked how many there are: its sparse entries lie in a hash table, not in order. */
export interface GatheredRegisters {
  dense: Uint8Array | null;
  /** How many of the 2^20 registers the entries are of. */
  occupied: number;
  /** How many entries, and where in the table they lie. */
  count: number;
  readonly places: Int32Array;
  /** Entries + 1, near the place that is their register's; 0 where there is none. */
  readonly table: Int32Array;
  readonly registers: Uint8Array;
}

/**
 * Gathers encoded sketches as `approxDistinct` merges them: the same entries, the same limit of the sparse form. Each
 * entry takes a look into a small table, where merging lists in order takes one at all entries so far.
 */
export function registerGatherer(precision: number): Gatherer<GatheredRegisters> {
  const size = 2 ** precision;
  const limit = size / 4;
  const mask = size - 1;
  const { registerOf, rankOf } = inDense(precision);

  function densify(g: GatheredRegisters): Uint8Array {
    const dense = g.registers.fill(0);
    for (let i = 0; i < g.count; i++) {
      const entry = (g.table[g.places[i] as number] as number) - 1;
      raise(dense, registerOf(entry), rankOf(entry));
    }
    g.dense = dense;
    return dense;
  }

  function add(g: GatheredRegisters, entry: number): void {
    if (g.dense !== null) {
      raise(g.dense, registerOf(entry), rankOf(entry));
      return;
    }
    const register = entry >> 6;
    let isNew = 1;
    let at = register & mask;
    for (let known = g.table[at] as number; known !== 0; known = g.table[at] as number) {
      if (known === entry + 1) return;
      if ((known - 1) >> 6 === register) isNew = 0;
      at = (at + 1) & mask;
    }
    g.table[at] = entry + 1;
    g.places[g.count++] = at;
    g.occupied += isNew;
    if (g.count > limit) densify(g);
  }

  return {
    create: () => ({
      dense: null,
      occupied: 0,
      count: 0,
      places: new Int32Array(limit + 1),
      table: new Int32Array(size),
      registers: new Uint8Array(size),
    }),
    clear(g) {
      for (let i = 0; i < g.count; i++) g.table[g.places[i] as number] = 0;
      g.count = 0;
      g.occupied = 0;
      g.dense = null;
    },
    absorb(g, r) {
      const header = r.uint();
      if (header === denseForm) {
        raiseAll(g.dense ?? densify(g), r);
        return;
      }
      let entry = 0;
      for (let n = sparseCount(header, limit, r); n > 0; n--) {
        entry += r.uint();
        if (entry >= sparseRegisters * 64) throw noEntry(entry, r);
        add(g, entry);
      }
    },
    merge(into, from) {
      if (from.dense === null) {
        for (let i = 0; i < from.count; i++) add(into, (from.table[from.places[i] as number] as number) - 1);
      } else {
        const dense = into.dense ?? densify(into);
        for (let i = 0; i < size; i++) raise(dense, i, from.dense[i] as number);
      }
    },
  };
}
