import type { GroupPlan, Plan } from './plan.ts';
import type { ValueType } from './value-type.ts';

/** A feature as answers list it. */
export interface Output {
  readonly name: string;
  readonly type: ValueType;
}

/** What a group or service answers with, in order: a service's vector, or a group's features and derived ones. */
export function outputsOf(plan: Plan, kind: 'group' | 'service', name: string): readonly Output[] {
  const ofGroup = (group: string) => {
    const found = plan.groups.find(g => g.name === group) as GroupPlan;
    return [...found.features, ...found.derived];
  };
  if (kind === 'group') return ofGroup(name);
  const service = plan.services.find(s => s.name === name)!;
  const read = service.features.map(({ name: output, group, feature }) => ({
    name: output,
    type: ofGroup(group).find(f => f.name === feature)!.type,
  }));
  return [...read, ...service.onDemand];
}
