import { compareInShard, compileGroup, type FunctionRegistry, type Plan } from '../kernel/index.ts';
import { createJoinedDecoder, isBad, type JoinedRecords } from './decode-records.ts';
import { createRowFolder, type PassResult } from './fold-rows.ts';
import { groupPass, sitsOn } from './group-pass.ts';
import { markName } from './marks.ts';
import type { Clock, ShardPosition, StateStore, UnappliedStore } from './ports.ts';
import { byKey, type PlacedEvent } from './row-events.ts';
import { localRowLimits, type RowLimits } from './rows.ts';
import { createRunGraveyard } from './run-graveyard.ts';
import { streamPlan } from './stream-plan.ts';

/**
 * Folds some of a stream's groups beside its transform, in another thread. It begins before the home rows have said
 * which events count, presumes that all do, and writes nothing until it is told.
 */
export interface GroupsAside {
  /** Null while the transform has to fold all groups itself. */
  begin(batch: AsideBatch): AsideFold | null;
}

export interface AsideBatch {
  readonly shard: string;
  /** In memory that other threads can read. */
  readonly joined: JoinedRecords;
  /** The shard's progress. */
  readonly done: ShardPosition | null;
  /** Whether the batch is one record that ends its process. */
  readonly endsProcess: boolean;
}

/** A batch that is being folded; it ends with one of the calls. */
export interface AsideFold {
  /** Names of the groups that it folds. */
  readonly groups: ReadonlySet<string>;
  /** Says of each record, by 1 or 0, whether its event counts; resolves when that is in the rows or cannot be. */
  settle(counts: Uint8Array): Promise<AsideResult>;
  /** Nothing is written. */
  abandon(): void;
}

export interface AsideResult extends Pick<PassResult, 'error'> {
  /** Sequence numbers of the records with an event that some row could not take. */
  readonly unwritten: readonly (number | bigint)[];
}

export interface AsideFolderOptions {
  readonly plan: Plan;
  readonly functions?: FunctionRegistry;
  readonly stream: string;
  readonly incarnation: string;
  /** Names of the groups that it folds. */
  readonly groups: ReadonlySet<string>;
  readonly store: StateStore;
  readonly unapplied: Pick<UnappliedStore, 'put'>;
  readonly clock: Clock;
  readonly limits?: RowLimits;
}

/** The other thread's part. It rejects, with nothing written, where `counts` does. */
export function createAsideFolder(
  options: AsideFolderOptions,
): (batch: AsideBatch, counts: Promise<Uint8Array>) => Promise<AsideResult> {
  const { plan, functions, incarnation, store, unapplied, clock, limits = localRowLimits } = options;
  const stream = streamPlan(plan, options.stream);
  const decode = createJoinedDecoder(stream);
  const kernels = plan.groups
    .filter(group => group.stream === stream.name && options.groups.has(group.name))
    .map(group => compileGroup(plan, group, functions));
  const graveyard = createRunGraveyard(store, clock);
  const foldRows = createRowFolder({
    store,
    unapplied,
    stream: stream.name,
    incarnation,
    clock,
    limits,
    graveyard,
  });

  return async ({ shard, joined, done, endsProcess }, counts) => {
    const { records, outcomes } = decode(joined);
    const events: PlacedEvent[] = [];
    // Of the events, in their order: which record each is of.
    const places: number[] = [];
    for (let i = 0; i < records.length; i++) {
      const record = records[i]!;
      const event = outcomes[i]!;
      const { sequence, index = 0 } = record;
      if (isBad(event) || (done !== null && compareInShard({ sequence, index }, done) <= 0)) continue;
      events.push({ event, sequence, index, record, endsProcess, counts: true, verdict: false });
      places.push(i);
    }
    const counted = counts.then(flags => {
      for (let n = 0; n < events.length; n++) events[n]!.counts = flags[places[n]!] === 1;
    });
    counted.catch(() => {});

    const mark = markName(incarnation, shard);
    const onStreamKey = kernels.filter(kernel => sitsOn(kernel, stream.key));
    const sorted = onStreamKey.length > 1 ? byKey(onStreamKey[0]!.keyOf, events) : null;
    const passes = kernels.map(kernel =>
      groupPass(kernel, mark, sitsOn(kernel, stream.key) ? sorted : null, events, null, counted),
    );
    // All are folded before the first waits for the counts. Each comes to its end, so that nothing is written later.
    const ends = await Promise.allSettled(passes.map(foldRows));
    await counted;
    const failed = ends.find(end => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    await graveyard.bury();

    const results = ends.map(end => (end as PromiseFulfilledResult<PassResult>).value);
    const unwritten = results.flatMap(result => result.unwritten).filter(e => e.counts);
    const error = results.find(result => result.error !== null)?.error ?? null;
    return { unwritten: [...new Set(unwritten.map(e => e.sequence))], error };
  };
}
