import {
  compileGroup,
  emptyRing,
  type FunctionRegistry,
  forgetBefore,
  type GroupKernel,
  type GroupPlan,
  hash53,
  hashPosition,
  holdsId,
  joinIds,
  keyEncoder,
  type Plan,
  type Row,
  remember,
  ringHash,
  type SettledIds,
  type StreamPlan,
  settle,
  verdictOf,
} from '../kernel/index.ts';
import type { RowPass, RowRules } from './fold-rows.ts';
import type { IdsByRun } from './id-runs.ts';
import { isQuiet, moveMark, standingOf } from './marks.ts';
import { byKey, type PlacedEvent } from './row-events.ts';
import type { RowLimits } from './rows.ts';

/**
 * Duplicates (DESIGN, "Duplicates"): the row of a key's home remembers which ids of the key were counted lately, and at
 * which position. A batch goes to the home rows first. What they say holds once they are written: an id that is new
 * counts, the same id at the same position is a retry of it, and at any other position a copy, which counts nowhere.
 */
export interface HomeRows {
  /** That of the group whose rows they are, if one sits on the stream's key: the pass folds it as well. */
  readonly kernel: GroupKernel;
  /** The pass over the home rows of a batch's events; it sets their `counts`. `arrivalTime` is the first record's. */
  pass(mark: string, events: readonly PlacedEvent[], arrivalTime: number): RowPass;
}

/** Null where the stream declares no ids. */
export function createHomeRows(
  plan: Plan,
  stream: StreamPlan,
  functions: FunctionRegistry | undefined,
  { runBytes }: RowLimits,
): HomeRows | null {
  const group = homeGroupOf(plan, stream);
  if (group === null || stream.dedupe === undefined) return null;
  const { withinMs } = stream.dedupe;
  const kernel = compileGroup(plan, group, functions);
  const keyOfEvent = keyEncoder(stream.key.map(name => stream.schema.findIndex(f => f.name === name)));

  const rules: RowRules = {
    accept(pass, row, list, progress, loaded) {
      const { mark } = pass;
      const { oldest, shardHash } = pass.home as NonNullable<RowPass['home']>;
      const standing = standingOf(row, mark, progress, list[0] as PlacedEvent);
      // Positions are kept for retries. With no batch in flight on the row none can come: all that it has counted is
      // at or below progress, which whoever reads this row reads after it.
      const runs = isQuiet(row, mark, progress)
        ? settleIds(row, loaded, oldest, runBytes)
        : [...loaded.values()];
      const ring = row.ring ?? emptyRing();
      row.ring = ring;

      let changed = false;
      let accepted: PlacedEvent[] | null = null;
      for (let i = 0; i < list.length; i++) {
        const placed = list[i] as PlacedEvent;
        placed.verdict = false;
        if (standing?.isDone(placed)) {
          accepted ??= list.slice(0, i);
          continue;
        }
        const { event } = placed;
        const id = ringHash(hash53(event.tie as string | number | bigint));
        const position = ringHash(hashPosition(shardHash, placed.sequence, placed.index));
        let verdict = verdictOf(ring, id, position, event.arrivalTime, withinMs);
        if (verdict === 'new' && holdsSettled(row.settled, runs, id, event.arrivalTime, withinMs))
          verdict = 'copy';
        const isMarked = standing?.isMarked(placed) === true;
        placed.verdict = verdict === 'retry' || (!isMarked && verdict === 'new');
        if (!isMarked) changed = true;
        const isNew = !isMarked && verdict === 'new';
        if (isNew) remember(ring, id, position, event.arrivalTime, list.length - i);
        if (isNew && event.time >= kernel.earliestVisible(event.arrivalTime)) accepted?.push(placed);
        else accepted ??= list.slice(0, i);
      }
      if (!changed) return null;
      moveMark(row, mark, list.at(-1) as PlacedEvent, progress);
      return accepted ?? list;
    },
    settled(list) {
      for (const placed of list) placed.counts = placed.verdict;
    },
  };

  return {
    kernel,
    pass(mark, events, arrivalTime) {
      // Arrivals never run backwards in a shard: what arrived before this can tell no copy any more.
      const home = { oldest: arrivalTime - withinMs, shardHash: hash53(mark) };
      return { kernel, mark, rows: byKey(keyOfEvent, events), rules, counted: null, home };
    },
  };
}

function holdsSettled(
  settled: SettledIds | null,
  runs: readonly SettledIds[],
  id: number,
  at: number,
  withinMs: number,
): boolean {
  if (settled !== null && holdsId(settled, id, at, withinMs)) return true;
  for (const ids of runs) if (holdsId(ids, id, at, withinMs)) return true;
  return false;
}

/** Settles what the ring holds, and forgets what arrived before `oldest`. Gives the ids of the runs that it leaves. */
function settleIds(row: Row, loaded: IdsByRun, oldest: number, runBytes: number): readonly SettledIds[] {
  row.settled = forgetBefore(settle(row.settled, row.ring), oldest);
  row.ring = null;
  if (row.idRuns.length === 0) return [];
  // Those that can tell no copy any more were not read, nor were those that are lost.
  row.idRuns = row.idRuns.filter(run => loaded.has(run.id));
  const small = row.idRuns.filter(run => run.bytes < runBytes / 2);
  if (small.length > mostSmallRuns) {
    const ids = small.map(run => loaded.get(run.id) as SettledIds);
    row.settled = forgetBefore(joinIds(row.settled === null ? ids : [...ids, row.settled]), oldest);
    row.idRuns = row.idRuns.filter(run => !small.includes(run));
  }
  return row.idRuns.map(run => loaded.get(run.id) as SettledIds);
}

/** A row that names more small runs than this takes back what they hold, and spills it as one. */
const mostSmallRuns = 8;

/**
 * The group whose rows remember a stream's ids: one of the Plan's, or, where none sits on the stream's key, one that has
 * ids and nothing else. Null where the stream declares no ids.
 */
export function homeGroupOf(plan: Plan, stream: StreamPlan): GroupPlan | null {
  if (stream.dedupe === undefined) return null;
  const group = plan.groups.find(g => g.name === stream.home);
  if (group !== undefined) return group;
  return {
    name: `${stream.name}#ids`,
    version: 1,
    entity: '',
    stream: stream.name,
    keys: stream.key,
    slots: [],
    features: [],
    derived: [],
    fingerprint: '',
  };
}
