import { addFaults, type FaultCounts, noFaults } from './faults.ts';
import { drawProfile, type Profile, type ProfileName } from './profile.ts';
import { createRandom, type Random } from './random.ts';
import { runWorld, type WorldOptions, type WorldResult } from './world.ts';

/** What gives a world, with its number: the same ones give the same world. */
export interface Seed {
  readonly seed: number;
  readonly profile: ProfileName;
  /** Events of one world. */
  readonly size?: { readonly least: number; readonly most: number };
}

export interface RunOptions extends Seed {
  readonly worlds: readonly number[];
  /** Where worlds are run, one at a time each; in this thread unless given. */
  readonly lanes?: readonly Lane[];
  readonly progress?: (soFar: RunResult) => void;
}

export type Lane = (seed: Seed, world: number) => Promise<WorldResult>;

export interface RunResult {
  readonly worlds: number;
  readonly events: number;
  readonly counts: FaultCounts;
  /** The first world that went wrong; no more are begun after one. */
  readonly failure: Failure | null;
}

export interface Failure {
  readonly world: number;
  readonly profile: Profile;
  readonly problems: readonly string[];
}

export async function runWorlds(options: RunOptions): Promise<RunResult> {
  const { worlds, lanes = [createLane()] } = options;
  const counts = noFaults();
  let result: RunResult = { worlds: 0, events: 0, counts, failure: null };
  let next = 0;
  const work = async (lane: Lane): Promise<void> => {
    while (next < worlds.length && result.failure === null) {
      const world = worlds[next++] as number;
      const { events, counts: seen, problems } = await lane(options, world);
      addFaults(counts, seen);
      result = { ...result, worlds: result.worlds + 1, events: result.events + events };
      if (problems.length > 0 && (result.failure === null || world < result.failure.world)) {
        result = { ...result, failure: { world, profile: drawWorld(options, world).profile, problems } };
      }
      options.progress?.(result);
    }
  };
  await Promise.all(lanes.map(work));
  return result;
}

/** Runs worlds in this thread, with rules taken away where that is wanted. */
export const createLane =
  (
    weakened: Pick<
      WorldOptions,
      'weakening' | 'checksConditions' | 'waitsForParents' | 'redriveWeakening'
    > = {},
  ): Lane =>
  async (seed, world) => {
    const result = await runWorld({ ...drawWorld(seed, world), ...weakened }).catch(
      (error: Error): WorldResult => ({
        events: 0,
        counts: noFaults(),
        problems: [`it stopped: ${error.stack}`],
      }),
    );
    // Ticks alone would keep the thread from all else it has to do.
    await new Promise(resolve => setImmediate(resolve));
    return result;
  };

/** The numbers of the first worlds that come to so many events. */
export function worldsOf(seed: Seed, events: number): number[] {
  const worlds: number[] = [];
  for (let left = events; left > 0; ) {
    left -= drawWorld(seed, worlds.length).profile.events;
    worlds.push(worlds.length);
  }
  return worlds;
}

function drawWorld(seed: Seed, world: number): { profile: Profile; random: Random } {
  const random = createRandom(
    Math.imul(Math.imul(seed.seed, 0x85eb_ca6b) ^ (world + 0x9e37_79b9), 0xc2b2_ae35),
  );
  return { profile: drawProfile(random, seed.profile, seed.size ?? usualSize), random };
}

const usualSize = { least: 2_000, most: 20_000 };
