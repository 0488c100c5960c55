import type { Plan } from '../kernel/plan.ts';
import { callsIn } from '../runtime/follow-plan.ts';

/**
 * Names of the groups that a second thread folds, so that of each stream both threads have about as many slots: the
 * largest groups first, each to whom has less. The second thread has the Plan, which is data: groups that call
 * TypeScript functions stay with the first, and so does the stream's home, which says what counts.
 */
export function groupsAside(plan: Plan): ReadonlySet<string> {
  const aside = new Set<string>();
  for (const stream of plan.streams) {
    let slots = 0;
    const groups = plan.groups.filter(group => group.stream === stream.name);
    const canMove = (group: (typeof groups)[number]): boolean =>
      group.name !== stream.home && callsIn(group).next().done === true;
    for (const group of groups) if (!canMove(group)) slots += group.slots.length;
    let slotsAside = 0;
    for (const group of groups.filter(canMove).sort((a, b) => b.slots.length - a.slots.length)) {
      if (slotsAside < slots) {
        aside.add(group.name);
        slotsAside += group.slots.length;
      } else {
        slots += group.slots.length;
      }
    }
  }
  return aside;
}
