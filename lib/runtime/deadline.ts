import { StoreError } from './errors.ts';
import type { StateStore } from './ports.ts';

/** What reads need of a store. */
export type RowSource = Pick<StateStore, 'read' | 'readRuns' | 'watch'>;

/** Waiting that comes to an end, whatever the store does by then. */
export interface Deadline {
  /** What the reading gives, or a StoreError once the time has passed since the first one that had to be waited for. */
  inTime<T>(reading: Promise<T>): Promise<T>;
  /** Nobody waits any more. */
  end(): void;
}

/** Without milliseconds it never passes. */
export function createDeadline(ms: number | undefined): Deadline {
  if (ms === undefined) return never;
  let hasBegun = false;
  let isDone = false;
  let passed: StoreError | null = null;
  let timer: NodeJS.Timeout | undefined;
  const waiting: ((error: StoreError) => void)[] = [];
  const pass = (): void => {
    passed = new StoreError('unavailable', `not read within the deadline of ${ms} ms`);
    for (const refuse of waiting) refuse(passed);
  };
  const begin = (): void => {
    hasBegun = true;
    // A store that knows its rows has answered by then, and a timer would cost more than it did.
    process.nextTick(() => {
      if (!isDone) timer = setTimeout(pass, ms);
    });
  };
  return {
    inTime(reading) {
      if (!hasBegun) begin();
      return new Promise((resolve, reject) => {
        if (passed !== null) reject(passed);
        waiting.push(reject);
        // Of what comes late nobody needs to know.
        reading.then(resolve, reject);
      });
    },
    end() {
      isDone = true;
      clearTimeout(timer);
    },
  };
}

const never: Deadline = { inTime: reading => reading, end: () => {} };
