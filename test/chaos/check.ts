import { isDeepStrictEqual } from 'node:util';
import type { StateStore } from '../../lib/runtime/ports.ts';
import { createReader } from '../../lib/runtime/read.ts';
import { collect } from '../conformance/harness.ts';
import { type FeedName, feeds } from './feed.ts';
import { type Expectation, valuesOf } from './oracle.ts';
import { entityKey } from './reads.ts';
import type { Stored } from './store.ts';

/** Every bad or late event is set aside once, with its reason and its bytes, and no other. */
export function checkQuarantine(
  { quarantine }: Pick<Stored, 'quarantine'>,
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
  store: StateStore,
  feed: FeedName,
  { entities }: Expectation,
  asOf: number,
  problem: (what: string) => void,
): Promise<void> {
  const reader = createReader({ ...feeds[feed], store, clock: { now: () => asOf } });
  for (const [group, events] of entities) {
    const keys = [...new Set([...events.keys(), ...(await collect(store.scan(`${group}@1`)))])];
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
