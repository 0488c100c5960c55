import type { Lease, StreamShard } from './ports.ts';

export interface LeaseView {
  readonly shards: readonly StreamShard[];
  readonly leases: readonly Lease[];
  /** Who looks. */
  readonly owner: string;
  /** Whether the owner of a lease is gone. */
  isExpired(lease: Lease): boolean;
  /** Whether who looks is processing the shard. */
  isBusy(shard: string): boolean;
  random(): number;
}

/**
 * The leases that a worker should take now: shards that nobody processes, up to its share of all; where there are none,
 * one of the worker that has most, if that has two more. So shards end up evenly, and are not passed on for less.
 *
 * A shard can be processed once its parents are drained. One that the stream no longer has counts as drained.
 */
export function chooseLeases(view: LeaseView): readonly Lease[] {
  const { owner, isExpired, isBusy, random } = view;
  const known = new Map(view.leases.map(lease => [lease.shard, lease]));
  const listed = new Set(view.shards.map(({ id }) => id));
  const isDone = (shard: string): boolean => !listed.has(shard) || known.get(shard)?.isDrained === true;
  const ready = view.shards
    .filter(({ id, parents }) => !isDone(id) && parents.every(isDone))
    .map(({ id }) => known.get(id) ?? unclaimed(id));

  const free: Lease[] = [];
  const owned = new Map<string, Lease[]>([[owner, []]]);
  for (const lease of ready) {
    if (isBusy(lease.shard)) {
      owned.get(owner)!.push(lease);
    } else if (lease.owner === null || lease.owner === owner || isExpired(lease)) {
      free.push(lease);
    } else {
      const leases = owned.get(lease.owner);
      if (leases === undefined) owned.set(lease.owner, [lease]);
      else leases.push(lease);
    }
  }

  const mine = owned.get(owner)!.length;
  // Workers that look at one moment should not all want the same.
  const start = Math.floor(random() * free.length);
  const share = Math.ceil(ready.length / owned.size) - mine;
  if (free.length > 0) return [...free.slice(start), ...free.slice(0, start)].slice(0, Math.max(0, share));

  const [most = []] = [...owned.values()].sort((a, b) => b.length - a.length);
  return most.length < mine + 2 ? [] : [most[Math.floor(random() * most.length)]!];
}

const unclaimed = (shard: string): Lease => ({
  shard,
  owner: null,
  counter: 0,
  checkpoint: null,
  isDrained: false,
});
