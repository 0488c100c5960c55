import { type Lease, noLease, type StreamShard } from './ports.ts';

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

export interface LeaseChoice {
  /** Nobody processes these. */
  readonly take: readonly Lease[];
  /** Another worker does, which has two more. */
  readonly ask: readonly Lease[];
}

/**
 * What a worker should do now: take shards that nobody processes, up to its share of all; where there are none, ask for one
 * of the worker that has most, if that has two more. So shards end up evenly, and are not passed on for less. A shard that
 * was asked for counts as who asked has it.
 *
 * A shard can be processed once its parents are drained. One that the stream no longer has counts as drained.
 */
export function chooseLeases(view: LeaseView): LeaseChoice {
  const { owner, isExpired, isBusy, random } = view;
  const known = new Map(view.leases.map(lease => [lease.shard, lease]));
  const listed = new Set(view.shards.map(({ id }) => id));
  const isDone = (shard: string): boolean => !listed.has(shard) || known.get(shard)?.isDrained === true;
  const ready = view.shards
    .filter(({ id, parents }) => !isDone(id) && parents.every(isDone))
    .map(({ id }) => known.get(id) ?? noLease(id));

  const free: Lease[] = [];
  const had = new Map<string, Lease[]>([[owner, []]]);
  for (const lease of ready) {
    const isFree = lease.owner === null || lease.owner === owner || isExpired(lease);
    if (isFree && !isBusy(lease.shard)) {
      free.push(lease);
      continue;
    }
    const who = lease.heir ?? (isBusy(lease.shard) ? owner : lease.owner!);
    const leases = had.get(who);
    if (leases === undefined) had.set(who, [lease]);
    else leases.push(lease);
  }

  const mine = had.get(owner)!.length;
  const handed = free.filter(lease => lease.owner === owner);
  const others = free.filter(lease => lease.owner !== owner);
  // Workers that look at one moment should not all want the same.
  const start = Math.floor(random() * others.length);
  const share = Math.ceil(ready.length / had.size) - mine - handed.length;
  const taken = [...others.slice(start), ...others.slice(0, start)].slice(0, Math.max(0, share));
  if (free.length > 0) return { take: [...handed, ...taken], ask: [] };

  const [most = []] = [...had.values()].sort((a, b) => b.length - a.length);
  const spare = most.filter(lease => lease.heir === null);
  if (most.length < mine + 2 || spare.length === 0) return { take: [], ask: [] };
  return { take: [], ask: [spare[Math.floor(random() * spare.length)]!] };
}
