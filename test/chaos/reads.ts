import { isDeepStrictEqual } from 'node:util';
import { compareInShard } from '../../lib/kernel/index.ts';
import type { ShardPosition } from '../../lib/runtime/ports.ts';
import { createReader, type EntityKey, type EntityResult } from '../../lib/runtime/read.ts';
import type { Client } from './client.ts';
import type { FaultCounts } from './faults.ts';
import { feeds, type GroupName } from './feed.ts';
import { type CountedEvent, type Expectation, valuesOf, widestCount } from './oracle.ts';
import type { Profile } from './profile.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimulatedStore } from './store.ts';

export interface ReadsOptions {
  readonly scheduler: Scheduler;
  readonly store: SimulatedStore;
  readonly profile: Profile;
  readonly expectation: Expectation;
  readonly random: Random;
  readonly counts: FaultCounts;
  readonly problem: (what: string) => void;
}

/**
 * Reads entities while events are under way: an answer must be that of some set of whole events, with all that the
 * progress had passed when the read began and none that arrived after it ended. What one key's events alone fill is
 * filled in their order: there the set must be a beginning of them.
 */
export function createReads(options: ReadsOptions): () => void {
  const { scheduler, store, profile, expectation, random, counts, problem } = options;
  const reader = createReader({
    ...feeds[profile.feed],
    store: store.connect(readingClient(options)),
    clock: scheduler,
  });
  const groups = [...expectation.entities.keys()];
  const keysOf = new Map(groups.map(g => [g, [...(expectation.entities.get(g)?.keys() ?? [])]]));

  return () => {
    const group = random.pick(groups);
    const known = keysOf.get(group) as readonly string[];
    if (known.length === 0) return;
    const keys = Array.from({ length: random.between(1, 4) }, () => random.pick(known));
    const passed = passedNow(store);
    counts.readInBetween++;
    reader
      .readGroup(
        group,
        keys.map(key => entityKey(group, key)),
      )
      .then(
        ({ asOf, entities }) => {
          for (const [i, key] of keys.entries()) {
            const events = expectation.entities.get(group)?.get(key) ?? [];
            const fault = faultOf(group, events, entities[i] as EntityResult, passed, scheduler.now(), asOf);
            if (fault !== null) problem(`a read of ${group} ${key}, as of ${asOf}: ${fault}`);
          }
        },
        error => problem(`a read failed: ${error.stack}`),
      );
  };
}

export const entityKey = (group: GroupName, key: string): EntityKey => {
  const [user, item] = key.split('|');
  return group === 'user_activity' ? { user } : group === 'item_activity' ? { item: key } : { user, item };
};

const passedNow = ({ stored }: SimulatedStore): ReadonlyMap<string, ReadonlyMap<string, ShardPosition>> =>
  new Map([...stored.progress].map(([life, shards]) => [life, new Map(shards)]));

/** What is wrong with an answer, or null. */
function faultOf(
  group: GroupName,
  events: readonly CountedEvent[],
  { status, values, lacks = 0 }: EntityResult,
  passed: ReturnType<typeof passedNow>,
  now: number,
  asOf: number,
): string | null {
  // What could not be read says nothing.
  if (status === 'failed') return null;
  const isPassed = (e: CountedEvent): boolean => {
    const through = passed.get(e.shard.life)?.get(e.shard.id);
    return through !== undefined && compareInShard(e, through) <= 0;
  };
  const least = events.filter(isPassed);
  const most = events.filter(e => e.arrivalTime <= now);
  if (status === 'unknown')
    return least.length <= lacks ? null : `unknown, with ${least.length} events passed by progress`;
  const n = values[widestCount(group)] as number;
  const count = (list: readonly CountedEvent[]): number =>
    valuesOf(group, list, asOf)[widestCount(group)] as number;
  if (n < count(least) - lacks || n > count(most))
    return `it counts ${n} events (and lacks ${lacks}), not ${count(least)} to ${count(most)}`;
  if (group === 'item_activity') {
    const isWhole = n === 0 || (values.check_24h as number) === 3 * (values.ms_24h as number) + n;
    return isWhole ? null : `its sums are not of the same ${n} events: ${JSON.stringify(values)}`;
  }
  if (lacks > 0) return null;
  for (let end = least.length; end <= most.length; end++) {
    if (isDeepStrictEqual(valuesOf(group, most.slice(0, end), asOf), { ...values })) return null;
  }
  return `no beginning of its events has these values: ${JSON.stringify(values)}`;
}

function readingClient({ random, profile, counts }: ReadsOptions): Client {
  return {
    random,
    counts,
    chances: profile.chances,
    isDead: false,
    delay: () => 1 + random.below(random.chance(0.02) ? 3_000 : 10),
    step() {},
  };
}
