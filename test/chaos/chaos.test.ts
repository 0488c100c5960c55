import { afterAll, expect, test } from 'vitest';
import { type Fault, faultNames } from './faults.ts';
import { createLane, runWorlds, worldsOf } from './run-worlds.ts';
import { startThreads } from './threads.ts';

/**
 * The exactly-once protocol in simulated worlds, run by the real transform and reader. `npm run chaos` runs more of
 * them, and replays one that fails here: `npm run chaos -- --seed SEED --world WORLD`.
 */

const seed = 20_240_501;
const threads = startThreads(2);
afterAll(() => threads.stop());

test('whatever fails, every one of a million events has its effect once, and no read is torn', async () => {
  const world = { seed, profile: 'mixed' } as const;
  const result = await runWorlds({ ...world, worlds: worldsOf(world, 1_000_000), lanes: threads.lanes });
  expect(
    result.failure,
    `replay: npm run chaos -- --seed ${seed} --world ${result.failure?.world}`,
  ).toBeNull();
  expect(result.events).toBeGreaterThanOrEqual(1_000_000);
  expect(faultNames.filter((name: Fault) => result.counts[name] === 0)).toEqual([]);
}, 400_000);

test('a world comes out the same again, fault for fault', async () => {
  const small = { seed, profile: 'storm', size: { least: 1_000, most: 2_000 }, worlds: [3] } as const;
  const first = await runWorlds({ ...small, lanes: [createLane()] });
  const again = await runWorlds({ ...small, lanes: threads.lanes });
  expect(again).toEqual(first);
});
