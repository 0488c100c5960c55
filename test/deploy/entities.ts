import type { Plan } from '../../lib/kernel/index.ts';
import type { LogRecord } from '../../lib/runtime/ports.ts';
import type { EntityKey } from '../../lib/runtime/read.ts';
import { unpackRecords } from '../../lib/runtime/unpack-records.ts';

/**
 * The entities of a group that any record names, bad events' among them, and one that none does. Where a group's entity
 * has other keys than its stream has fields of these names, none are found.
 */
export function entitiesIn(
  plan: Plan,
  shards: ReadonlyMap<string, readonly LogRecord[]>,
): ReadonlyMap<string, readonly EntityKey[]> {
  const events = [...shards.values()]
    .flatMap(records => unpackRecords(records))
    .map(({ data }) => objectOf(data));
  return new Map(
    plan.groups.map(group => {
      const parts = plan.entities.find(e => e.name === group.entity)!.keys.map(key => key.name);
      const keyOf = (values: readonly unknown[]): EntityKey =>
        Object.fromEntries(parts.map((part, i) => [part, values[i]]));
      const keys = new Map([['', keyOf(parts.map(() => 'nobody'))]]);
      for (const event of events) {
        const values = parts.map(part => event[part]);
        if (values.every(value => typeof value === 'string' && value !== ''))
          keys.set(JSON.stringify(values), keyOf(values));
      }
      return [group.name, [...keys.values()]];
    }),
  );
}

function objectOf(data: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(data).toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
