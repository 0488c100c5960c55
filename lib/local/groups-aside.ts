import type { Plan } from '../kernel/plan.ts';
import { callsIn } from '../runtime/follow-plan.ts';

/**
 * Names of the groups that a second thread folds. It has the Plan, which is data: groups that call TypeScript functions
 * stay with the first, and so do streams' homes, which say what counts.
 */
export function groupsAside(plan: Plan): ReadonlySet<string> {
  const aside = new Set<string>();
  for (const stream of plan.streams) {
    const groups = plan.groups.filter(group => group.stream === stream.name);
    const free = groups.filter(group => group.name !== stream.home && callsIn(group).next().done === true);
    for (const group of free) aside.add(group.name);
  }
  return aside;
}
