import type { EntityPlan, FieldPlan, SlotPlan, StreamPlan } from '../kernel/plan.ts';
import { contentHash } from './canonical-json.ts';
import { walk } from './expression/walk.ts';

/**
 * Identifies all that a stored row's meaning depends on: the entity's keys, the stream's timing and identity, the
 * mapping of keys, the slots, and the event fields that any of these read. What people say of them is left out.
 */
export function groupFingerprint(
  entity: EntityPlan,
  stream: StreamPlan,
  keys: readonly string[],
  slots: readonly SlotPlan[],
): string {
  const read = new Set([stream.eventTime, ...stream.key, ...keys]);
  if (stream.dedupe) read.add(stream.dedupe.by);
  for (const slot of slots)
    for (const expression of [slot.input, slot.orderBy, slot.where, slot.by?.key])
      if (expression) for (const node of walk(expression)) if (node.kind === 'field') read.add(node.name);
  return contentHash({
    entityKeys: entity.keys,
    stream: stream.name,
    eventTime: stream.eventTime,
    key: stream.key,
    dedupe: stream.dedupe,
    since: stream.since,
    keys,
    slots,
    // By name: their order in the schema changes nothing.
    fields: stream.schema
      .filter(field => read.has(field.name))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(withoutWords),
  });
}

function withoutWords({ description: _, owner: _o, tags: _t, ...field }: FieldPlan): FieldPlan {
  return {
    ...field,
    ...(field.element ? { element: withoutWords(field.element) } : {}),
    ...(field.fields ? { fields: field.fields.map(withoutWords) } : {}),
  };
}
