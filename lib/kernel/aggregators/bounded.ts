import { compareScalars } from '../compare.ts';
import { hash53 } from '../hash.ts';
import type { ScalarValue } from '../value-type.ts';

/**
 * A map that keeps at most `limit` keys: those with the smallest hashes. Which keys those are depends on the keys
 * met, not on their order, and a kept key was kept from its first event on, so that its payload is complete
 * (bottom-k sampling; Cohen and Kaplan, "Summarizing data using bottom-k sketches", PODC 2007). Whether keys were
 * dropped is remembered.
 */
export interface BoundedMap<P> {
  readonly limit: number;
  readonly entries: Map<ScalarValue, P>;
  /** The greatest hash among the entries, and its key, while the map is full; NaN where not known. */
  bar: number;
  barKey: ScalarValue | null;
  overflow: boolean;
}

export const createBounded = <P>(limit: number): BoundedMap<P> => ({
  limit,
  entries: new Map(),
  bar: Number.NaN,
  barKey: null,
  overflow: false,
});

export function clearBounded(map: BoundedMap<unknown>): void {
  map.entries.clear();
  map.bar = Number.NaN;
  map.barKey = null;
  map.overflow = false;
}

/** The payload of `key`, made by `create` where the key is new and belongs among the kept ones; else undefined. */
export function payloadOf<P>(map: BoundedMap<P>, key: ScalarValue, create: () => P): P | undefined {
  const found = map.entries.get(key);
  if (found !== undefined) return found;
  if (map.entries.size < map.limit) {
    map.bar = Number.NaN;
    const made = create();
    map.entries.set(key, made);
    return made;
  }
  map.overflow = true;
  if (Number.isNaN(map.bar)) findBar(map);
  if (!isSmaller(hash53(key), key, map.bar, map.barKey as ScalarValue)) return undefined;
  map.entries.delete(map.barKey as ScalarValue);
  map.bar = Number.NaN;
  const made = create();
  map.entries.set(key, made);
  return made;
}

/** Puts what `from` holds into `into`: `add` merges one payload of `from` into one of `into`. */
export function mergeBounded<P>(
  into: BoundedMap<P>,
  from: BoundedMap<P>,
  create: () => P,
  add: (into: P, from: P, key: ScalarValue) => void,
): void {
  if (from.overflow) into.overflow = true;
  for (const [key, payload] of from.entries) {
    const mine = payloadOf(into, key, create);
    if (mine !== undefined) add(mine, payload, key);
  }
}

function findBar<P>(map: BoundedMap<P>): void {
  let bar = -1;
  let barKey: ScalarValue | null = null;
  for (const key of map.entries.keys()) {
    const hash = hash53(key);
    if (barKey === null || isSmaller(bar, barKey, hash, key)) {
      bar = hash;
      barKey = key;
    }
  }
  map.bar = bar;
  map.barKey = barKey;
}

/** By hash; keys of one hash by value, so that even a collision leaves no room for order. */
const isSmaller = (hash: number, key: ScalarValue, otherHash: number, otherKey: ScalarValue): boolean =>
  hash !== otherHash ? hash < otherHash : compareScalars(key, otherKey) < 0;
