import {
  compileGroup,
  emptyRing,
  type FunctionRegistry,
  forgetBefore,
  type GroupKernel,
  hash53,
  hashPosition,
  type KeyEncoder,
  keyEncoder,
  type Plan,
  type Row,
  remember,
  ringHash,
  type StreamPlan,
  verdictOf,
} from '../kernel/index.ts';
import type { PlacedEvent, Progress, RowPass } from './fold-rows.ts';
import { moveMark, openMarks, standingOf } from './marks.ts';

/**
 * Duplicates (DESIGN, "Duplicates"): the row of a key's home remembers which ids of the key were counted lately, and at
 * which position. A batch goes to the home rows first. What they say holds once they are written: an id that is new
 * counts, the same id at the same position is a retry of it, and at any other position a copy, which counts nowhere.
 */
export interface HomeRows {
  /** The group whose rows they are, if one sits on the stream's key: the pass folds it as well. */
  readonly group: string | undefined;
  /** The pass over the home rows of a batch's events; it sets their `counts`. `arrivalTime` is the first record's. */
  pass(mark: string, events: readonly PlacedEvent[], arrivalTime: number): RowPass;
}

/** Null where the stream declares no ids. */
export function createHomeRows(
  plan: Plan,
  stream: StreamPlan,
  functions: FunctionRegistry | undefined,
): HomeRows | null {
  if (stream.dedupe === undefined) return null;
  const { withinMs } = stream.dedupe;
  const kernel = homeKernel(plan, stream, functions);
  const keyOfEvent = keyEncoder(stream.key.map(name => stream.schema.findIndex(f => f.name === name)));

  function pass(mark: string, events: readonly PlacedEvent[], arrivalTime: number): RowPass {
    const shardHash = hash53(mark);

    function fold(
      row: Row,
      list: readonly PlacedEvent[],
      progress: Progress,
      take: (event: PlacedEvent) => void,
    ): boolean {
      const standing = standingOf(row, mark, progress);
      const ring = row.ring ?? emptyRing();
      row.ring = ring;
      // Arrivals never run backwards in a shard: what arrived before this batch is done, unless another shard's batch
      // is still in flight on this row.
      if (openMarks(row, mark, progress).length === 0) forgetBefore(ring, arrivalTime - withinMs);
      let changed = false;
      for (let i = 0; i < list.length; i++) {
        const placed = list[i] as PlacedEvent;
        placed.verdict = false;
        if (standing.isDone(placed)) continue;
        const { event } = placed;
        const id = ringHash(hash53(event.tie as string | number | bigint));
        const position = ringHash(hashPosition(shardHash, placed.sequence, placed.index));
        const verdict = verdictOf(ring, id, position, event.arrivalTime, withinMs);
        if (standing.isMarked(placed)) {
          placed.verdict = verdict === 'retry';
          continue;
        }
        changed = true;
        placed.verdict = verdict !== 'copy';
        if (verdict !== 'new') continue;
        remember(ring, id, position, event.arrivalTime, list.length - i);
        if (event.time >= kernel.earliestVisible(event.arrivalTime)) take(placed);
      }
      if (changed) moveMark(row, mark, list.at(-1) as PlacedEvent, progress);
      return changed;
    }

    return {
      kernel,
      mark,
      lists: byKey(keyOfEvent, events),
      fold,
      settled(list) {
        for (const placed of list) placed.counts = placed.verdict;
      },
    };
  }

  return { group: stream.home, pass };
}

/** The home group's kernel, or that of rows that hold ids and nothing else. */
function homeKernel(plan: Plan, stream: StreamPlan, functions: FunctionRegistry | undefined): GroupKernel {
  const group = plan.groups.find(g => g.name === stream.home);
  if (group !== undefined) return compileGroup(plan, group, functions);
  return compileGroup(plan, {
    name: `${stream.name}#ids`,
    version: 1,
    entity: '',
    stream: stream.name,
    keys: stream.key,
    slots: [],
    features: [],
    derived: [],
    fingerprint: '',
  });
}

function byKey(keyOfEvent: KeyEncoder, events: readonly PlacedEvent[]): Map<string, PlacedEvent[]> {
  const lists = new Map<string, PlacedEvent[]>();
  for (const placed of events) {
    // Admitted events have one (kernel/event.ts).
    const key = keyOfEvent(placed.event.values) as string;
    const list = lists.get(key);
    if (list === undefined) lists.set(key, [placed]);
    else list.push(placed);
  }
  return lists;
}
