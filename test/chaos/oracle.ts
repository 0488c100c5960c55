import type { QuarantineReason } from '../../lib/runtime/ports.ts';
import { type Activity, clockTolerance, type FeedName, feeds, type GroupName, withinMs } from './feed.ts';
import { positionKey } from './store.ts';
import type { PlacedEmission, SimulatedShard, SimulatedStream } from './stream.ts';
import { day, hour, minute } from './time.ts';

/** An event that counts. */
export interface CountedEvent {
  readonly activity: Activity;
  readonly time: number;
  /** What orders events of one time before their positions do: the id, where the stream declares one. */
  readonly tie: string;
  readonly arrivalTime: number;
  readonly shard: SimulatedShard;
  readonly sequence: number | bigint;
  readonly index: number;
}

/** What is to come of a stream, whatever fails on the way. */
export interface Expectation {
  /** By group and key, the events that count, in the order of arrival. */
  readonly entities: ReadonlyMap<GroupName, ReadonlyMap<string, readonly CountedEvent[]>>;
  /** By position. */
  readonly quarantined: ReadonlyMap<string, { readonly reason: QuarantineReason; readonly data: Buffer }>;
  readonly newest: number;
  /** Events too late for some groups; for all; from the future; copies found in another shard than the first. */
  readonly seen: { lateForSome: number; lateForAll: number; future: number; keyMoved: number };
}

/**
 * Which events count follows from the stream alone: a key is in one shard at a time, a shard is processed in order and
 * a child after its parents, so that of several copies the first to arrive is the first to be processed.
 */
export function expectationOf(stream: SimulatedStream, feed: FeedName): Expectation {
  const groups = feeds[feed].plan.groups.map(g => g.name as GroupName);
  const entities = new Map(groups.map(name => [name, new Map<string, CountedEvent[]>()]));
  const quarantined = new Map<string, { reason: QuarantineReason; data: Buffer }>();
  const firsts = new Map<string, PlacedEmission>();
  const seen = { lateForSome: 0, lateForAll: 0, future: 0, keyMoved: 0 };
  let newest = 0;

  for (const event of stream.events) {
    const { activity, arrivalTime, sequence, index } = event;
    const { shard } = event;
    const setAside = (reason: QuarantineReason) =>
      quarantined.set(positionKey({ shard: shard.id, sequence, index }), { reason, data: event.data });
    if (activity === null) {
      setAside(event.reason as QuarantineReason);
      continue;
    }
    if (activity.ts > arrivalTime + clockTolerance) {
      setAside('future');
      seen.future++;
      continue;
    }
    const time = Math.min(activity.ts, arrivalTime);
    const visible = groups.filter(name => time >= windowStart(rules[name].longest, arrivalTime));
    if (visible.length === 0) {
      setAside('late');
      seen.lateForAll++;
      continue;
    }
    if (feed !== 'none') {
      const id = `${activity.user} ${activity.id}`;
      const first = firsts.get(id);
      if (first !== undefined && first.shard !== event.shard) seen.keyMoved++;
      if (first !== undefined && arrivalTime - first.arrivalTime <= withinMs) continue;
      firsts.set(id, event);
    }
    if (visible.length < groups.length) seen.lateForSome++;
    newest = Math.max(newest, time);
    for (const name of visible) {
      const key = rules[name].keyOf(activity);
      if (key === null) continue;
      const lists = entities.get(name) as Map<string, CountedEvent[]>;
      const counted = {
        activity,
        time,
        tie: feed === 'none' ? '' : activity.id,
        arrivalTime,
        shard,
        sequence,
        index,
      };
      const list = lists.get(key);
      if (list === undefined) lists.set(key, [counted]);
      else list.push(counted);
    }
  }
  return { entities, quarantined, newest, seen };
}

/** A group's values, said as plainly as possible, of the events that count for one entity. */
export const valuesOf = (
  group: GroupName,
  events: readonly CountedEvent[],
  asOf: number,
): Record<string, unknown> =>
  rules[group].values(window => events.filter(e => e.time >= windowStart(window, asOf) && e.time < asOf));

interface Rule {
  readonly longest: number;
  /** Null where the event is not for this group. */
  keyOf(activity: Activity): string | null;
  values(within: (window: number) => readonly CountedEvent[]): Record<string, unknown>;
}

export const rules: Readonly<Record<GroupName, Rule>> = {
  user_activity: {
    longest: 7 * day,
    keyOf: a => a.user,
    values: within => {
      const all = within(7 * day);
      const actions: Record<string, number> = {};
      for (const { activity } of all) actions[activity.action] = (actions[activity.action] ?? 0) + 1;
      return {
        n_10m: within(10 * minute).length,
        n_1h: within(hour).length,
        n_7d: all.length,
        ms_1h: total(within(hour), ms),
        ms_7d: total(all, ms),
        check_7d: total(all, check),
        actions_7d: actions,
        recent_7d: all.toSorted(inOrder).slice(-4).reverse().map(ms),
        items_24h: [...new Set(within(day).flatMap(e => e.activity.item ?? []))].sort(),
      };
    },
  },
  item_activity: {
    longest: day,
    keyOf: a => a.item,
    values: within => {
      const all = within(day);
      return {
        n_10m: within(10 * minute).length,
        n_24h: all.length,
        ms_24h: total(all, ms),
        check_24h: total(all, check),
        users_1h: new Set(within(hour).map(e => e.activity.user)).size,
      };
    },
  },
  user_item: {
    longest: 7 * day,
    keyOf: a => (a.item === null || a.action !== 'like' ? null : `${a.user}|${a.item}`),
    values: within => {
      const all = within(7 * day);
      return { n_7d: all.length, ms_7d: total(all, ms), check_7d: total(all, check) };
    },
  },
};

/** The name of a group's count over its longest window. */
export const widestCount = (group: GroupName): string => (group === 'item_activity' ? 'n_24h' : 'n_7d');

const ms = (e: CountedEvent): number => e.activity.ms;
const check = (e: CountedEvent): number => 3 * e.activity.ms + 1;

const total = (events: readonly CountedEvent[], of: (e: CountedEvent) => number): number | null =>
  events.length === 0 ? null : events.reduce((sum, e) => sum + of(e), 0);

/** DESIGN, rule 3. Where ids order events of one time, those of one id are copies, and have one value. */
function inOrder(a: CountedEvent, b: CountedEvent): number {
  if (a.time !== b.time) return a.time - b.time;
  if (a.tie !== b.tie) return a.tie < b.tie ? -1 : 1;
  if (a.shard.id !== b.shard.id) return a.shard.id < b.shard.id ? -1 : 1;
  return a.sequence < b.sequence ? -1 : a.sequence > b.sequence ? 1 : a.index - b.index;
}

/** DESIGN, rule 2. */
export const windowStart = (window: number, asOf: number): number => {
  const hop = window < 12 * hour ? 5 * minute : hour;
  return Math.floor((asOf - window) / hop) * hop;
};
