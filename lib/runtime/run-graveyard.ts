import { StoreError } from './errors.ts';
import type { Clock, StateStore } from './ports.ts';

/** Runs that no row names any more, until they can be deleted. */
export interface RunGraveyard {
  add(table: string, id: string): void;
  /** Deletes those that lie here long enough; what the store cannot delete now stays for the next time. */
  bury(): Promise<void>;
}

/**
 * A reader that saw the old row may still be on its way to the runs it named, or see it in a cache for a while; caches
 * forget it, and reads end, well before this.
 */
export const readTimeout = 30_000;

/** Held in memory: runs replaced just before a crash stay behind (docs/limits.md). */
export function createRunGraveyard(store: StateStore, clock: Clock): RunGraveyard {
  let waiting: { table: string; id: string; since: number }[] = [];
  return {
    add(table, id) {
      waiting.push({ table, id, since: clock.now() });
    },
    async bury() {
      const now = clock.now();
      const isDue = (run: { since: number }): boolean => now - run.since >= readTimeout;
      const buried = new Set<object>();
      for (const [table, runs] of Map.groupBy(waiting.filter(isDue), run => run.table)) {
        try {
          await store.deleteRuns(
            table,
            runs.map(run => run.id),
          );
          for (const run of runs) buried.add(run);
        } catch (error) {
          // The batch is done all the same: runs that nobody names cost space, and no value.
          if (!(error instanceof StoreError)) throw error;
        }
      }
      waiting = waiting.filter(run => !buried.has(run));
    },
  };
}
