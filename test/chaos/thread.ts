import { parentPort } from 'node:worker_threads';
import { createLane, type Seed } from './run-worlds.ts';

/** A thread that runs the worlds it is asked for. */
const run = createLane();
parentPort?.on('message', async ({ seed, world }: { readonly seed: Seed; readonly world: number }) => {
  parentPort?.postMessage(await run(seed, world));
});
