import { type Lease, type LeaseStore, noLease } from '../../lib/runtime/worker/ports.ts';

export function createMemoryLeases(
  memory: Map<string, Map<string, Lease>> = new Map(),
): LeaseStore & { readonly memory: ReadonlyMap<string, ReadonlyMap<string, Lease>> } {
  const of = (life: string) => memory.get(life) ?? memory.set(life, new Map()).get(life)!;
  return {
    memory,
    async list(life) {
      return [...of(life).values()];
    },
    async write(life, lease) {
      const stored = of(life).get(lease.shard) ?? noLease(lease.shard);
      if (stored.counter !== lease.counter - 1) return stored;
      of(life).set(lease.shard, { ...lease });
      return lease;
    },
  };
}
