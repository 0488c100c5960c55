import { isDeepStrictEqual } from 'node:util';
import { createReader } from '../../lib/runtime/read.ts';
import { feeds } from './feed.ts';
import { type Expectation, valuesOf } from './oracle.ts';
import type { Profile } from './profile.ts';
import { entityKey } from './reads.ts';
import type { SimulatedStore, Stored } from './store.ts';
import { undisturbed } from './undisturbed.ts';

/** Every bad or late event is set aside once, with its reason and its bytes, and no other. */
export function checkQuarantine(
  { quarantine }: Stored,
  { quarantined }: Expectation,
  problem: (what: string) => void,
): void {
  for (const [position, { reason, data }] of quarantined) {
    const found = quarantine.get(position);
    if (found === undefined) problem(`${position}: should be quarantined as ${reason}`);
    else if (found.reason !== reason) problem(`${position}: quarantined as ${found.reason}, not ${reason}`);
    else if (!data.equals(found.payload)) problem(`${position}: quarantined with other bytes`);
  }
  for (const [position, { reason, detail }] of quarantine) {
    if (!quarantined.has(position)) problem(`${position}: quarantined as ${reason}: ${detail}`);
  }
}

/** Every entity has the values of the events that count for it, each once. */
export async function checkValues(
  { stored }: SimulatedStore,
  { feed }: Profile,
  { entities }: Expectation,
  asOf: number,
  problem: (what: string) => void,
): Promise<void> {
  const reader = createReader({ ...feeds[feed], store: undisturbed(stored), clock: { now: () => asOf } });
  for (const [group, events] of entities) {
    const rows = stored.tables.get(`${group}@1`);
    const keys = [...new Set([...events.keys(), ...(rows?.keys() ?? [])])];
    const found = await reader.readGroup(
      group,
      keys.map(key => entityKey(group, key)),
      { asOf },
    );
    for (const [i, key] of keys.entries()) {
      const counted = events.get(key) ?? [];
      const wanted = valuesOf(group, counted, asOf);
      const { status, values, error } = found.entities[i] as (typeof found.entities)[number];
      if (status !== (counted.length > 0 ? 'known' : status))
        problem(`${group} ${key} is ${status}: ${error ?? ''}`);
      else if (!isDeepStrictEqual({ ...values }, wanted)) {
        problem(`${group} ${key} is ${JSON.stringify(values)}, should be ${JSON.stringify(wanted)}`);
      }
    }
  }
}
