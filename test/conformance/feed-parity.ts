import { expect, test } from 'vitest';
import definitions from '../../features/feed/index.ts';
import type { StateStore } from '../../lib/runtime/ports.ts';
import { differences, feedArrivals, feedRecords, feedValues, processFeed } from '../support/feed-values.ts';
import { createMemoryStateStore } from '../support/memory-state-store.ts';
import type { Subject } from './harness.ts';

/** The feed's events through this store and through one in memory: every value of every entity is the same. */
export function feedParity(name: string, make: () => Promise<Subject<StateStore>>): void {
  test(`${name}: 10,000 events of the feed give every entity the values that they give in memory`, async () => {
    const arrivals = feedArrivals(10_000);
    const records = feedRecords(arrivals);
    const asOf = arrivals.at(-1)!.arrivalTime + 1;
    const memory = createMemoryStateStore();
    const wantedCounts = await processFeed(memory, records);
    const wanted = await feedValues(memory, arrivals, asOf);

    const subject = await make();
    try {
      expect(await processFeed(subject.adapter, records)).toEqual(wantedCounts);
      const found = await feedValues(await subject.reopen(), arrivals, asOf);
      expect(differences(wanted, found)).toEqual([]);
      for (const group of definitions.plan.groups) {
        const known = [...found].filter(
          ([key, { status }]) => key.startsWith(`${group.name} `) && status === 'known',
        );
        expect(known.length, group.name).toBeGreaterThan(10);
      }
    } finally {
      await subject.dispose();
    }
  }, 180_000);
}
