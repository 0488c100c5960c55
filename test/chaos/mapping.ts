import type { Attempt, ShardView, StartAttempt } from './attempts.ts';
import type { FaultCounts } from './faults.ts';
import type { Profile } from './profile.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimulatedShard } from './stream.ts';

/** An event source mapping: hands each shard's records on, batch after batch, each until it is settled. */
export interface Mapping {
  /** Begins at the horizon, again where it ran before. Attempts under way are given up, and go on. */
  start(): void;
  /** How many records of the shard are settled. */
  checkpoint(shard: SimulatedShard): number;
}

interface ShardState extends ShardView {
  readonly shard: SimulatedShard;
  readonly children: ShardState[];
  checkpoint: number;
  isBusy: boolean;
  /** What is to be given next, as places in the shard's records; several where a batch was cut. */
  batches: (readonly [from: number, to: number])[];
  attempt: Attempt | null;
}

export interface MappingOptions {
  readonly scheduler: Scheduler;
  /** Parents before their children. */
  readonly shards: readonly SimulatedShard[];
  readonly profile: Profile;
  readonly startAttempt: StartAttempt;
  readonly random: Random;
  readonly counts: FaultCounts;
  /** False in a world that shows why a shard begins when its parents are drained. */
  readonly waitsForParents: boolean;
}

export function createMapping(options: MappingOptions): Mapping {
  const { scheduler, shards, profile, startAttempt, random, counts, waitsForParents } = options;
  const { chances } = profile;
  const states = new Map<SimulatedShard, ShardState>();
  for (const shard of shards) {
    const state = { shard, children: [], checkpoint: 0, isBusy: false, batches: [], attempt: null };
    states.set(shard, state);
    for (const parent of shard.parents) states.get(parent)?.children.push(state);
  }

  const newest = shards.at(-1)?.life;
  const isDrained = ({ shard, checkpoint }: ShardState): boolean =>
    shard.closesAt <= scheduler.now() && checkpoint === shard.records.length;

  function poll(state: ShardState): void {
    const { shard } = state;
    if (state.isBusy) return;
    if (waitsForParents && !shard.parents.every(p => isDrained(states.get(p) as ShardState))) return;
    if (state.batches.length === 0) {
      const arrived = arrivedBy(shard, scheduler.now(), state.checkpoint);
      if (arrived === state.checkpoint) {
        const next = shard.records[arrived];
        if (next !== undefined) scheduler.at(next.arrivalTime + random.below(200), () => poll(state));
        else if (isDrained(state)) for (const child of state.children) poll(child);
        else if (shard.closesAt < Number.POSITIVE_INFINITY) scheduler.at(shard.closesAt, () => poll(state));
        return;
      }
      const most = random.between(1, profile.mostRecordsInBatch);
      state.batches = [[state.checkpoint, Math.min(arrived, state.checkpoint + most)]];
    }
    attempt(state);
  }

  function attempt(state: ShardState): void {
    const [from, to] = state.batches[0] as readonly [number, number];
    state.isBusy = true;
    const { shard } = state;
    const records = shard.records.slice(from, to);
    const started = startAttempt({ life: shard.life, shard: shard.id, records, end: to }, state, outcome => {
      if (state.attempt !== started) return;
      state.attempt = null;
      if (outcome.kind === 'settled') settle(state, to);
      else if (outcome.kind === 'partial') {
        counts.partialFailure++;
        settle(state, settledEnd(shard, from, to, outcome.through), true);
      } else retry(state, outcome.kind === 'died' ? 0.9 : chances.bisect);
    });
    state.attempt = started;
    scheduler.after(profile.timeoutMs, () => {
      if (state.attempt !== started) return;
      counts.timedOut++;
      started.giveUp();
      state.attempt = null;
      retry(state);
    });
  }

  function settle(state: ShardState, end: number, failed = false): void {
    const [, to] = state.batches.shift() as readonly [number, number];
    state.checkpoint = end;
    if (end < to) state.batches.unshift([end, to]);
    if (failed) retry(state);
    else {
      state.isBusy = false;
      poll(state);
    }
  }

  /** Gives the first batch again after a while, perhaps in two halves, perhaps with another end. */
  function retry(state: ShardState, bisect = chances.bisect): void {
    counts.retry++;
    const [from, to] = state.batches[0] ?? [0, 0];
    if (random.chance(chances.repoll)) {
      counts.repolled++;
      state.batches = [];
    } else if (to - from > 1 && random.chance(bisect)) {
      counts.bisected++;
      const middle = (from + to) >> 1;
      state.batches.splice(0, 1, [from, middle], [middle, to]);
    }
    state.isBusy = false;
    scheduler.after(random.below(500), () => poll(state));
  }

  return {
    start() {
      for (const state of states.values()) {
        // Of a life that is over nothing can be read again.
        if (state.shard.life !== newest && isDrained(state)) continue;
        state.attempt?.giveUp();
        Object.assign(state, { attempt: null, checkpoint: 0, isBusy: false, batches: [] });
      }
      for (const state of states.values()) poll(state);
    },
    checkpoint: shard => states.get(shard)?.checkpoint ?? 0,
  };
}

/** How many of the shard's records have arrived, of which `known` are known to have. */
function arrivedBy({ records }: SimulatedShard, time: number, known: number): number {
  let low = known;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((records[middle]?.arrivalTime ?? 0) <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function settledEnd(
  { records }: SimulatedShard,
  from: number,
  to: number,
  through: number | bigint | null,
): number {
  let end = from;
  while (through !== null && end < to && (records[end]?.sequence ?? 0) <= through) end++;
  return end;
}
