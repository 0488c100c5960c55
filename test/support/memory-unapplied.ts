import { compareInShard } from '../../lib/kernel/position.ts';
import type { UnappliedEvent, UnappliedStore } from '../../lib/runtime/ports.ts';

type Kept = UnappliedEvent & { readonly id: string };

/** Unapplied events in memory. `before` is called before each put; it may reject, as the store would. */
export function createMemoryUnapplied(
  before?: () => void | Promise<void>,
  events: Map<string, Kept> = new Map(),
): UnappliedStore {
  return {
    async put(put) {
      await before?.();
      for (const event of put) {
        const { shard, sequence, index } = event.position;
        const id = JSON.stringify([
          event.table,
          event.key,
          event.fault,
          event.incarnation,
          shard,
          `${sequence}`,
          index,
        ]);
        events.set(id, { ...event, payload: event.payload.slice(), id });
      }
    },
    async list({ table, key, limit }) {
      return [...events.values()]
        .filter(e => (table === undefined || e.table === table) && (key === undefined || e.key === key))
        .sort(
          (a, b) =>
            compareText(a.table, b.table) ||
            compareText(a.key, b.key) ||
            compareText(a.incarnation, b.incarnation) ||
            compareText(a.position.shard, b.position.shard) ||
            compareInShard(a.position, b.position),
        )
        .slice(0, limit);
    },
    async remove(ids) {
      for (const id of ids) events.delete(id);
    },
    async count() {
      return new Map([...Map.groupBy(events.values(), e => e.reason)].map(([r, list]) => [r, list.length]));
    },
  };
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
