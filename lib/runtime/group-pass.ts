import type { GroupKernel } from '../kernel/index.ts';
import type { RowPass, RowRules } from './fold-rows.ts';
import { moveMark, standingOf } from './marks.ts';
import type { ShardPosition } from './ports.ts';
import { byKey, onlyTaken, type PlacedEvent, type RowEvents } from './row-events.ts';

export const sitsOn = ({ group }: GroupKernel, key: readonly string[]): boolean =>
  group.keys.length === key.length && group.keys.every((name, i) => name === key[i]);

/**
 * The pass over a group's rows: the events that it takes, by entity. `sorted` are the events by row, where that is known
 * already; what is not below `end` does not count.
 */
export function groupPass(
  kernel: GroupKernel,
  mark: string,
  sorted: readonly RowEvents[] | null,
  events: readonly PlacedEvent[],
  end: ShardPosition | null,
  counted: Promise<void> | null,
): RowPass {
  const taken = { kernel, end };
  const rows = sorted === null ? byKey(kernel.keyOf, events, taken) : onlyTaken(sorted, taken);
  return { kernel, mark, rows, rules, counted };
}

const rules: RowRules = {
  accept({ mark }, row, list, progress) {
    const standing = standingOf(row, mark, progress, list[0] as PlacedEvent);
    const accepted =
      standing === null ? list : list.filter(e => !standing.isDone(e) && !standing.isMarked(e));
    if (accepted.length === 0) return null;
    moveMark(row, mark, list.at(-1) as PlacedEvent, progress);
    return accepted;
  },
};
