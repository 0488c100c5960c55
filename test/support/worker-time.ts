import { setImmediate } from 'node:timers/promises';
import type { WorkerTime } from '../../lib/runtime/worker/ports.ts';

export interface TestTime extends WorkerTime {
  /** Lets time pass, from one sleeper to the next, until it holds. Throws after an hour without. */
  until(holds: () => boolean | Promise<boolean>, what: string): Promise<void>;
  /** Lets so many ms pass. */
  pass(ms: number): Promise<void>;
}

/** Time that passes when the test says so. What is between two sleeps takes none, if it waits for nothing outside. */
export function createTestTime(random: () => number = () => 0.5): TestTime {
  let now = 0;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();

  /** False where nobody sleeps, or not so short. */
  function wakeNext(until: number): boolean {
    const [first] = [...sleepers].sort((a, b) => a.at - b.at);
    if (first === undefined || first.at > until) return false;
    now = Math.max(now, first.at);
    first.wake();
    return true;
  }

  return {
    now: () => now,
    random,
    sleep: (ms, signal) =>
      new Promise(resolve => {
        if (signal.aborted || ms <= 0) return resolve();
        const wake = () => {
          sleepers.delete(sleeper);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper = { at: now + ms, wake };
        sleepers.add(sleeper);
        signal.addEventListener('abort', wake);
      }),
    async until(holds, what) {
      for (const end = now + 3_600_000; ; ) {
        await setImmediate();
        if (await holds()) return;
        if (!wakeNext(end)) throw new Error(`it never came: ${what}`);
      }
    },
    async pass(ms) {
      const end = now + ms;
      do await setImmediate();
      while (wakeNext(end));
      now = end;
    },
  };
}
