import type { GroupKernel } from '../kernel/index.ts';
import type { RowPass } from './fold-rows.ts';
import { moveMark, standingOf } from './marks.ts';
import { byKey, onlyTaken, type PlacedEvent, type RowEvents } from './row-events.ts';

export const sitsOn = ({ group }: GroupKernel, key: readonly string[]): boolean =>
  group.keys.length === key.length && group.keys.every((name, i) => name === key[i]);

/** The pass over a group's rows: the events that may count and that some slot takes, by entity. */
export function groupPass(
  kernel: GroupKernel,
  mark: string,
  sorted: readonly RowEvents[] | null,
  events: readonly PlacedEvent[],
  mayCount: (placed: PlacedEvent) => boolean,
): RowPass {
  const takes = (placed: PlacedEvent): boolean => {
    const { event } = placed;
    if (!mayCount(placed) || event.time < kernel.earliestVisible(event.arrivalTime)) return false;
    // What the definitions compute of an event that ends the process is not computed.
    return placed.endsProcess || kernel.takes(event);
  };
  return {
    kernel,
    mark,
    rows: sorted === null ? byKey(kernel.keyOf, events, takes) : onlyTaken(sorted, takes),
    accept(row, list, progress) {
      const standing = standingOf(row, mark, progress, list[0] as PlacedEvent);
      const accepted =
        standing === null ? list : list.filter(e => !standing.isDone(e) && !standing.isMarked(e));
      if (accepted.length === 0) return null;
      moveMark(row, mark, list.at(-1) as PlacedEvent, progress);
      return accepted;
    },
  };
}
