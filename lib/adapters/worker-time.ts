import { setTimeout } from 'node:timers/promises';
import type { WorkerTime } from '../runtime/worker/ports.ts';

/** The machine's: its clock does not follow the wall's. */
export const systemTime: WorkerTime = {
  now: () => performance.now(),
  async sleep(ms, signal) {
    if (ms <= 0 || signal.aborted) return;
    await setTimeout(ms, undefined, { signal }).catch(() => {});
  },
  random: Math.random,
};
