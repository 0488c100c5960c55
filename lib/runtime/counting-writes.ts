import type { StateStore, WriteOutcome } from './ports.ts';

/** A state store that tells what became of its writes of rows. */
export function countingWrites(
  store: StateStore,
  count: (table: string, outcome: WriteOutcome, rows: number) => void,
): StateStore {
  return {
    ...store,
    async write(table, writes) {
      const outcomes = await store.write(table, writes);
      const counts = new Map<WriteOutcome, number>();
      for (const outcome of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      for (const [outcome, rows] of counts) count(table, outcome, rows);
      return outcomes;
    },
  };
}
