import type { RowSource } from './deadline.ts';
import type { CachedRow, Clock, RowCache, StateStore, StoredRow } from './ports.ts';

/**
 * A store for readers: rows come from the cache, and those it does not have from the store, to be cached. Not for
 * whoever writes, or judges by what is stored: what it gives may be as old as the cache's bound.
 */
export function cachedReads(store: RowSource, cache: RowCache, clock: Clock): RowSource {
  return {
    async read(table, keys) {
      const cached = await cache.read(table, keys);
      const missing = keys.filter((_, i) => cached[i] === undefined);
      if (missing.length === 0) return cached as readonly (StoredRow | null)[];
      // Before the store is asked: by then a row may be a newer one, and is never an older.
      const knownAt = clock.now();
      const stored = await store.read(table, missing);
      const found = missing.map((key, i): CachedRow => ({ key, row: stored[i] ?? null }));
      // The answer does not wait for it.
      void cache.publish(table, found, knownAt);
      let next = 0;
      return cached.map(row => (row === undefined ? (stored[next++] ?? null) : row));
    },
    readRuns: (table, ids) => store.readRuns(table, ids),
  };
}

/**
 * A store for writers that shows readers each row once it is written, and again what a retry finds written. A row that
 * lost against another writer is that one's to show. The cache never makes a write fail: what it misses, readers see
 * when the older entry expires.
 *
 * `tables` are those that readers ask for, all if not given: rows that only hold ids need no copy.
 */
export function publishingWrites(
  store: StateStore,
  cache: RowCache,
  clock: Clock,
  tables?: ReadonlySet<string>,
): StateStore {
  const isShown = (table: string): boolean => tables === undefined || tables.has(table);
  return {
    ...store,
    async write(table, writes) {
      const knownAt = clock.now();
      const outcomes = await store.write(table, writes);
      const rows = writes
        .filter((_, i) => outcomes[i] === 'written')
        .map(({ key, version, bytes }): CachedRow => ({ key, row: { version, bytes } }));
      if (rows.length > 0 && isShown(table)) await cache.publish(table, rows, knownAt);
      return outcomes;
    },
    async republish(table, rows, readAt) {
      if (isShown(table)) await cache.publish(table, rows, readAt);
    },
  };
}
