import type { RowCache, StoredRow } from '../../lib/runtime/ports.ts';

export interface MemoryRowCache extends RowCache {
  /** Forgets everything, as a cache may. */
  clear(): void;
  /** While it is down it knows nothing and takes nothing. */
  isDown: boolean;
}

/** A row cache in memory. Entries end `boundMs` after their rows were known; half of that is too late to come. */
export function createMemoryRowCache(boundMs: number, now: () => number): MemoryRowCache {
  const entries = new Map<string, { readonly row: StoredRow | null; readonly ends: number }>();
  const nameOf = (table: string, key: string): string => `${table}\0${key}`;
  const find = (name: string) => {
    const entry = entries.get(name);
    return entry === undefined || entry.ends <= now() ? undefined : entry;
  };
  const cache: MemoryRowCache = {
    isDown: false,
    clear: () => entries.clear(),
    async read(table, keys) {
      return keys.map(key => (cache.isDown ? undefined : find(nameOf(table, key))?.row));
    },
    async publish(table, rows, knownAt) {
      const known = Math.min(knownAt, now());
      const ends = known + boundMs;
      if (cache.isDown || now() - known >= boundMs / 2) return;
      for (const { key, row } of rows) {
        const name = nameOf(table, key);
        const present = find(name);
        if (present === undefined || (row?.version ?? 0) > (present.row?.version ?? 0))
          entries.set(name, { row, ends });
      }
    },
  };
  return cache;
}
