import { type Accepted, oracleEvent, takes } from '../../features/feed/expected.ts';
import { inWindow, type OracleEvent } from '../../kernel/oracle.ts';

type FeedEvent = Accepted['event'];

/** A record of the stream's log. Each has one event. */
export interface Entry {
  readonly shard: string;
  readonly sequence: number;
  readonly arrivalTime: number;
  readonly data: Uint8Array;
}

/** By shard, the last sequence number of a beginning of the log. */
export type Cut = ReadonlyMap<string, number>;

/** What became of an event, or should have: it counts, or is a copy, or is set aside for a reason. */
export const fates = ['counted', 'copy', 'schema', 'no-key', 'too-old', 'late', 'future'] as const;
export type Fate = (typeof fates)[number];

/** The fields that name the entity of each group. */
const keysOf: Readonly<Record<string, readonly (keyof FeedEvent)[]>> = {
  user_engagement: ['user'],
  user_interests: ['user'],
  user_sequence: ['user'],
  item_popularity: ['item'],
  author_popularity: ['author'],
  user_author: ['user', 'author'],
};

export const groupNames = Object.keys(keysOf);

/** An event's entity of a group. */
export const keyOf = (group: string, event: Partial<FeedEvent>): EntityKey =>
  Object.fromEntries(keysOf[group]!.map(field => [field, String(event[field])]));

const day = 86_400_000;
/** The longest window (ms) of each group's features. */
const longest: Readonly<Record<string, number>> = {
  user_engagement: 90 * day,
  user_interests: 30 * day,
  user_sequence: 90 * day,
  item_popularity: 90 * day,
  author_popularity: 30 * day,
  user_author: 90 * day,
};

export type EntityKey = Readonly<Record<string, string>>;
interface HeldEvent extends OracleEvent {
  readonly shard: string;
  readonly sequence: number;
}

/** The rules of DESIGN 1, 4, 5 and 6 over a log of the feed, said as plainly as possible. */
export interface Ledger {
  add(entry: Entry): Fate;
  /** The events that an entity of a group should hold of the log up to a cut. */
  events(group: string, key: EntityKey, cut: Cut): readonly OracleEvent[];
  /** Every entity of a group so far, in the order of their first events. */
  entities(group: string): readonly EntityKey[];
  /** Entities of a group with an event that some window stops seeing at this time: some twice. */
  leaving(group: string, time: number): readonly EntityKey[];
  readonly counts: Readonly<Record<Fate, number>>;
}

export function createLedger(): Ledger {
  const counts = Object.fromEntries(fates.map(fate => [fate, 0])) as Record<Fate, number>;
  const arrivals = new Map<string, number>();
  const groups = new Map(
    groupNames.map(name => [
      name,
      {
        held: new Map<string, HeldEvent[]>(),
        keys: [] as EntityKey[],
        byTime: new Map<number, EntityKey[]>(),
      },
    ]),
  );

  function fateOf(json: unknown, arrivalTime: number): Fate {
    if (!isInteraction(json)) return 'schema';
    if (!json.user) return 'no-key';
    if (json.ts < firstDay) return 'too-old';
    if (json.ts > arrivalTime + 300_000) return 'future';
    if (!isSeen(json.ts, Math.max(...Object.values(longest)), arrivalTime)) return 'late';
    const id = `${json.user} ${json.event_id}`;
    const before = arrivals.get(id);
    if (before !== undefined && arrivalTime - before <= 3_600_000) return 'copy';
    arrivals.set(id, arrivalTime);
    return 'counted';
  }

  return {
    counts,
    add({ shard, sequence, arrivalTime, data }) {
      const json: unknown = JSON.parse(Buffer.from(data).toString());
      const fate = fateOf(json, arrivalTime);
      counts[fate]++;
      if (fate !== 'counted') return fate;
      const event = json as FeedEvent;
      const held = { ...oracleEvent({ event, arrivalTime }), shard, sequence };
      for (const [name, group] of groups) {
        if (!takes[name]!(held) || !isSeen(event.ts, longest[name]!, arrivalTime)) continue;
        const key = keyOf(name, event);
        const bucket = Math.floor(held.time / finestHop);
        group.byTime.set(bucket, [...(group.byTime.get(bucket) ?? []), key]);
        const text = textOf(key);
        const list = group.held.get(text);
        if (list !== undefined) {
          list.push(held);
          continue;
        }
        group.held.set(text, [held]);
        group.keys.push(key);
      }
      return fate;
    },
    events(group, key, cut) {
      const list = groups.get(group)!.held.get(textOf(key)) ?? [];
      return list.filter(({ shard, sequence }) => sequence <= (cut.get(shard) ?? 0));
    },
    entities: group => groups.get(group)!.keys,
    leaving(group, time) {
      const { byTime } = groups.get(group)!;
      return tails
        .filter(({ hop }) => time % hop === 0)
        .flatMap(({ window, hop }) => {
          const first = (time - window - hop) / finestHop;
          return Array.from({ length: hop / finestHop }, (_, i) => byTime.get(first + i) ?? []).flat();
        });
    },
  };
}

const finestHop = 300_000;
/** How the windows of the feed's features move (DESIGN, rule 2). */
const tails = [
  { window: 3_600_000, hop: finestHop },
  { window: day, hop: 3_600_000 },
  { window: 7 * day, hop: 3_600_000 },
  { window: 30 * day, hop: day },
] as const;

const firstDay = Date.UTC(2000, 0);
const actions: readonly unknown[] = ['impression', 'click', 'watch', 'finish', 'like', 'share', 'follow'];

/** Whether some window of this length can see an event of this time at its arrival. */
const isSeen = (ts: number, window: number, arrivalTime: number): boolean =>
  ts >= arrivalTime || inWindow(ts, window, arrivalTime);

const textOf = (key: EntityKey): string => Object.values(key).join(' ');

/** A user that is null or empty is no error of the schema but of the key. */
function isInteraction(json: unknown): json is FeedEvent {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return false;
  const e = json as Record<string, unknown>;
  const texts = ['event_id', 'item', 'author', 'category', 'os', 'country'].map(name => e[name]);
  const numbers = [e.duration_ms, e.position, e.ts, e.watch_ms ?? 0];
  return (
    texts.every(text => typeof text === 'string') &&
    numbers.every(number => Number.isSafeInteger(number)) &&
    actions.includes(e.action)
  );
}
