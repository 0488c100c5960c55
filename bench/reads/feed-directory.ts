import { arrivalBytes, createFeed } from '../../features/feed/generator/index.ts';
import definitions from '../../features/feed/index.ts';
import type { DataDirectory } from '../../lib/adapters/rocksdb/data-directory.ts';
import { createQuarantine } from '../../lib/adapters/rocksdb/quarantine.ts';
import { createStateStore } from '../../lib/adapters/rocksdb/state-store.ts';
import { createUnappliedStore } from '../../lib/adapters/rocksdb/unapplied.ts';
import type { LogRecord, StateStore } from '../../lib/runtime/ports.ts';
import { createTransform } from '../../lib/runtime/transform.ts';
import { randomNumbers } from '../random.ts';

/** Rows as a feed leaves them, and who was shown what. */
export interface FilledFeed {
  readonly store: StateStore;
  /** Just after the last event. */
  readonly now: number;
  /** A user who was shown something, as often as it happened. */
  someUser(): string;
  /** So many different videos, drawn as they are shown: popular ones more often. */
  someItems(count: number): string[];
}

/** A day and a half of the feed example, all of its groups, folded into rows by the transform. */
export async function fillFeed(
  directory: DataDirectory,
  { events, users, items, seed }: { events: number; users: number; items: number; seed: number },
): Promise<FilledFeed> {
  const start = Date.UTC(2026, 2, 1, 12);
  const eventsPerSecond = events / (36 * 3600);
  const feed = createFeed({ seed, users, items, authors: Math.ceil(users / 6), start, eventsPerSecond });
  const store = createStateStore(directory);
  let now = start;
  const transform = createTransform({
    ...definitions,
    stream: 'interactions',
    incarnation: 'bench',
    store,
    quarantine: createQuarantine(directory),
    unapplied: createUnappliedStore(directory),
    clock: { now: () => now },
  });
  const shown: { readonly user: string; readonly item: string }[] = [];
  for (let sequence = 0; sequence < events; ) {
    const records: LogRecord[] = [];
    while (records.length < 10_000 && sequence < events) {
      const arrival = feed.next().value;
      const { kind, event } = arrival;
      now = Math.max(now, arrival.arrivalTime);
      records.push({ shard: 'a', sequence: ++sequence, arrivalTime: now, data: arrivalBytes(arrival) });
      if (kind !== 'bad' && event.action === 'impression') shown.push(event);
    }
    await transform({ shard: 'a', records });
  }
  const random = randomNumbers(seed);
  const some = () => shown[Math.floor(random() * shown.length)] as (typeof shown)[number];
  return {
    store,
    now: now + 1,
    someUser: () => some().user,
    someItems(count) {
      const chosen = new Set<string>();
      while (chosen.size < count) chosen.add(some().item);
      return [...chosen];
    },
  };
}
