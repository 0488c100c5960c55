import { Worker } from 'node:worker_threads';
import type { Lane } from './run-worlds.ts';
import type { WorldResult } from './world.ts';

export interface Threads {
  readonly lanes: readonly Lane[];
  stop(): Promise<void>;
}

/** Lanes that run worlds in threads of their own. */
export function startThreads(n: number): Threads {
  const workers = Array.from({ length: n }, () => new Worker(new URL('./thread.ts', import.meta.url)));
  return {
    lanes: workers.map(
      (worker): Lane =>
        ({ seed, profile, size }, world) =>
          new Promise<WorldResult>((resolve, reject) => {
            worker.removeAllListeners('error').once('error', reject);
            worker.once('message', resolve);
            worker.postMessage({ seed: { seed, profile, ...(size === undefined ? {} : { size }) }, world });
          }),
    ),
    async stop() {
      await Promise.all(workers.map(worker => worker.terminate()));
    },
  };
}
