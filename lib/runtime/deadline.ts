import { StoreError } from './errors.ts';
import type { StateStore } from './ports.ts';

/** What reads need of a store. */
export type RowSource = Pick<StateStore, 'read' | 'readRuns'>;

/**
 * Runs `work` over a store whose reads reject with a StoreError once `ms` have passed since now, whatever the store
 * does by then. Without a deadline the store is itself.
 */
export async function withDeadline<T>(
  store: RowSource,
  ms: number | undefined,
  work: (store: RowSource) => Promise<T>,
): Promise<T> {
  if (ms === undefined) return work(store);
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new StoreError('unavailable', `not read within the deadline of ${ms} ms`)),
      ms,
    );
  });
  // Nobody may be waiting when it passes, and of what comes late nobody needs to know.
  passed.catch(() => {});
  const inTime = <R>(reading: Promise<R>): Promise<R> => {
    reading.catch(() => {});
    return Promise.race([reading, passed]);
  };
  try {
    return await work({
      read: (table, keys) => inTime(store.read(table, keys)),
      readRuns: (table, ids) => inTime(store.readRuns(table, ids)),
    });
  } finally {
    clearTimeout(timer);
  }
}
