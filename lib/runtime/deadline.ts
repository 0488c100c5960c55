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
  let isDone = false;
  let passed: StoreError | null = null;
  let timer: NodeJS.Timeout | undefined;
  const waiting: ((error: StoreError) => void)[] = [];
  const pass = (): void => {
    passed = new StoreError('unavailable', `not read within the deadline of ${ms} ms`);
    for (const refuse of waiting) refuse(passed);
  };
  // A store that knows its rows has answered by then, and a timer would cost more than it did.
  process.nextTick(() => {
    if (!isDone) timer = setTimeout(pass, ms);
  });
  const inTime = <R>(reading: Promise<R>): Promise<R> =>
    new Promise((resolve, reject) => {
      if (passed !== null) reject(passed);
      waiting.push(reject);
      // Of what comes late nobody needs to know.
      reading.then(resolve, reject);
    });
  try {
    return await work({
      read: (table, keys) => inTime(store.read(table, keys)),
      readRuns: (table, ids) => inTime(store.readRuns(table, ids)),
    });
  } finally {
    isDone = true;
    clearTimeout(timer);
  }
}
