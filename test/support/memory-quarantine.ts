import { compareInShard } from '../../lib/kernel/position.ts';
import type { Quarantine, QuarantinedEvent } from '../../lib/runtime/ports.ts';

type Stored = QuarantinedEvent & { readonly id: string };

/** A quarantine in memory. `before` is called before each put; it may reject, as the quarantine would. */
export function createMemoryQuarantine(
  before?: () => void | Promise<void>,
  events: Map<string, Stored> = new Map(),
): Quarantine {
  const inOrder = (): Stored[] =>
    [...events.values()].sort(
      (a, b) =>
        compareText(a.stream, b.stream) ||
        compareInShard(a.position, b.position) ||
        compareText(a.position.shard, b.position.shard),
    );
  return {
    async put(put) {
      await before?.();
      for (const event of put) {
        const { shard, sequence, index } = event.position;
        const id = `${event.stream}/${shard}/${sequence}/${index}`;
        events.set(id, { ...event, payload: event.payload.slice(), id });
      }
    },
    async list({ stream, reason, limit }) {
      return inOrder()
        .filter(
          e => (stream === undefined || e.stream === stream) && (reason === undefined || e.reason === reason),
        )
        .slice(0, limit);
    },
    async get(id) {
      return events.get(id) ?? null;
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
