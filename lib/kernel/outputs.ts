import type { GroupPlan, Plan } from './plan.ts';
import type { ValueType } from './value-type.ts';

/** A feature as answers list it. */
export interface Output {
  readonly name: string;
  readonly type: ValueType;
}

/** Those of its features that need no other parts of a key than these: entities that share the parts share the values. */
export function outputsSharing(
  plan: Plan,
  kind: 'group' | 'service',
  name: string,
  parts: readonly string[],
): readonly Output[] {
  const isShared = (name: string) => {
    const group = plan.groups.find(g => g.name === name);
    const entity = plan.entities.find(e => e.name === group?.entity);
    return entity?.keys.every(key => parts.includes(key.name)) === true;
  };
  const outputs = outputsOf(plan, kind, name);
  if (kind === 'group') return isShared(name) ? outputs : [];
  // The features that are read come first, in the order of the outputs.
  const read = plan.services.find(s => s.name === name)!.features;
  return outputs.filter((_, i) => i < read.length && isShared(read[i]!.group));
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
