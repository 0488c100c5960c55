import type { FeedEvent } from '../../../features/feed/generator/index.ts';
import { type OracleEvent, type OracleFeature, oracle } from '../../kernel/oracle.ts';

/** Every feature of the feed said again, in plain words of the oracle: `name` in a group, without its windows. */

/** An event that counts: not bad, no copy. */
export interface Accepted {
  readonly event: FeedEvent;
  readonly arrivalTime: number;
}

type Spec = Omit<OracleFeature, 'window'> & {
  /** How far from the oracle's answer the value may lie; equal unless given. */
  readonly within?: (wanted: number) => number;
  /** Of a map of counts: the largest only, ties by key. */
  readonly top?: number;
  /** Of a map of counts that come from a sample of so many events. */
  readonly sample?: number;
  readonly empty?: unknown;
};
type Where = NonNullable<OracleFeature['where']>;

const is =
  (...actions: FeedEvent['action'][]): Where =>
  e =>
    actions.includes(e.fields.action as FeedEvent['action']);
const isNot =
  (action: FeedEvent['action']): Where =>
  e =>
    e.fields.action !== action;

const hour = 3_600_000;
const count = (where: Where): Spec => ({ aggregate: 'count', where });
const watched = is('watch');
const reacted = isNot('impression');
/** Sums of floating numbers in another order. */
const rounding = (wanted: number): number => 1e-9 * (1 + Math.abs(wanted));
const relative =
  (accuracy: number) =>
  (wanted: number): number =>
    accuracy * Math.abs(wanted) + 1e-9;
/** Of 2^10 registers, five standard errors; sparse ones are exact to within a rounding. */
const registers = (wanted: number): number => Math.max(1, 5 * (1.04 / 32) * wanted);

export const expectations: Readonly<Record<string, Readonly<Record<string, Spec>>>> = {
  user_engagement: {
    impressions: count(is('impression')),
    clicks: count(is('click')),
    finishes: count(is('finish')),
    likes: count(is('like')),
    shares: count(is('share')),
    follows: count(is('follow')),
    watch_ms: { aggregate: 'sum', field: 'watch_ms', where: watched, empty: 0 },
    watch_avg: { aggregate: 'avg', field: 'watch_ms', where: watched, within: rounding },
    watch_p50: { aggregate: 'quantile', field: 'watch_ms', q: 0.5, where: watched, within: relative(0.05) },
    watch_p90: { aggregate: 'quantile', field: 'watch_ms', q: 0.9, where: watched, within: relative(0.05) },
    watch_stddev: { aggregate: 'stddev', field: 'watch_ms', where: watched, within: rounding },
    shortest_watch: { aggregate: 'min', field: 'watch_ms', where: watched },
    longest_watch: { aggregate: 'max', field: 'watch_ms', where: watched },
    completion: { aggregate: 'avg', field: 'completion', where: watched, within: rounding },
    completion_variance: { aggregate: 'variance', field: 'completion', where: watched, within: rounding },
    depth: { aggregate: 'max', field: 'position' },
    items_seen: {
      aggregate: 'distinctCount',
      field: 'item',
      where: is('impression'),
      within: registers,
    },
    active_days: { aggregate: 'distinctCount', field: 'day' },
    activity: { aggregate: 'decayed', halfLife: 6 * hour, where: reacted, within: rounding },
    first_seen: { aggregate: 'first', field: 'ts' },
    last_seen: { aggregate: 'max', field: 'ts' },
    os: { aggregate: 'last', field: 'os' },
    country: { aggregate: 'last', field: 'country' },
  },
  user_interests: {
    affinity: { aggregate: 'sum', field: 'weight', by: 'category', where: reacted },
    watch_ms_by_category: { aggregate: 'sum', field: 'watch_ms', by: 'category', where: watched },
    likes_by_category: { aggregate: 'count', by: 'category', where: is('like') },
    by_hour: { aggregate: 'count', by: 'hour', where: reacted },
    categories: { aggregate: 'distinct', field: 'category', where: reacted },
    actions: { aggregate: 'histogram', field: 'action', where: reacted },
    favourite_categories: {
      aggregate: 'histogram',
      field: 'category',
      where: is('like', 'finish', 'share'),
      top: 3,
    },
    favourite_authors: { aggregate: 'histogram', field: 'author', where: is('finish'), top: 5, sample: 128 },
    warmth: {
      aggregate: 'decayed',
      field: 'weight',
      halfLife: 24 * hour,
      where: reacted,
      within: rounding,
    },
  },
  user_sequence: {
    recent: {
      aggregate: 'lastK',
      field: 'what',
      k: 50,
      where: e => e.fields.action !== 'watch' && e.fields.action !== 'impression',
    },
    recent_watches: { aggregate: 'lastK', field: 'watching', k: 20, where: watched },
    recent_likes: { aggregate: 'lastK', field: 'item', k: 20, where: is('like') },
    recent_follows: { aggregate: 'lastK', field: 'author', k: 10, where: is('follow') },
    first_likes: { aggregate: 'firstK', field: 'item', k: 5, where: is('like') },
    longest_watched: { aggregate: 'topK', field: 'item', orderBy: 'watch_ms', k: 5, where: watched },
  },
  item_popularity: {
    impressions: count(is('impression')),
    clicks: count(is('click')),
    finishes: count(is('finish')),
    likes: count(is('like')),
    shares: count(is('share')),
    watch_ms: { aggregate: 'sum', field: 'watch_ms', where: watched, empty: 0 },
    completion: { aggregate: 'avg', field: 'completion', where: watched, within: rounding },
    completion_stddev: { aggregate: 'stddev', field: 'completion', where: watched, within: () => 1e-7 },
    watch_median: {
      aggregate: 'quantile',
      field: 'watch_ms',
      q: 0.5,
      where: watched,
      within: relative(0.02),
    },
    viewers: { aggregate: 'distinctCount', field: 'user', where: watched, within: registers },
    trend: {
      aggregate: 'decayed',
      halfLife: hour,
      where: is('like', 'share', 'finish'),
      within: rounding,
    },
    best_position: { aggregate: 'min', field: 'position', where: is('impression') },
    shortest_watches: { aggregate: 'bottomK', field: 'watch_ms', k: 3, where: watched },
    recent_likers: { aggregate: 'lastK', field: 'user', k: 10, where: is('like') },
    first_shown: { aggregate: 'first', field: 'ts' },
    last_shown: { aggregate: 'max', field: 'ts' },
    author: { aggregate: 'last', field: 'author' },
    category: { aggregate: 'last', field: 'category' },
    duration_ms: { aggregate: 'last', field: 'duration_ms' },
    countries: { aggregate: 'histogram', field: 'country', where: watched, top: 3 },
  },
  author_popularity: {
    follows: count(is('follow')),
    likes: count(is('like')),
    finishes: count(is('finish')),
    watches: count(watched),
    watch_ms: { aggregate: 'sum', field: 'watch_ms', where: watched, empty: 0 },
    completion: { aggregate: 'avg', field: 'completion', where: watched, within: rounding },
    viewers: { aggregate: 'distinctCount', field: 'user', where: watched, within: registers },
    items: { aggregate: 'distinctCount', field: 'item', where: reacted },
    trend: {
      aggregate: 'decayed',
      halfLife: 24 * hour,
      where: is('follow', 'like', 'share'),
      within: rounding,
    },
    longest_videos: { aggregate: 'topK', field: 'item', orderBy: 'duration_ms', k: 3, where: is('finish') },
  },
  user_author: {
    likes: count(is('like')),
    follows: count(is('follow')),
    affinity: {
      aggregate: 'decayed',
      halfLife: 168 * hour,
      where: is('like', 'follow'),
      within: rounding,
    },
    first_time: { aggregate: 'first', field: 'ts', where: is('like', 'follow') },
    last_time: { aggregate: 'max', field: 'ts', where: is('like', 'follow') },
    last_category: { aggregate: 'last', field: 'category', where: is('like', 'follow') },
  },
};

type Values = Readonly<Record<string, unknown>>;

const ratio = (values: Values, of: string, to: string, times = 1): number | null =>
  values[to] === 0 ? null : ((values[of] as number) * times) / (values[to] as number);

/** The derived features, from the values of the others. */
export const derivations: Readonly<Record<string, Readonly<Record<string, (values: Values) => unknown>>>> = {
  user_engagement: {
    ctr_24h: v => ratio(v, 'clicks_24h', 'impressions_24h') ?? 0,
    ctr_7d: v => ratio(v, 'clicks_7d', 'impressions_7d') ?? 0,
    finish_rate_24h: v => ratio(v, 'finishes_24h', 'impressions_24h') ?? 0,
    finish_rate_7d: v => ratio(v, 'finishes_7d', 'impressions_7d') ?? 0,
    like_rate_7d: v => ratio(v, 'likes_7d', 'impressions_7d') ?? 0,
    watch_per_impression_7d: v => ratio(v, 'watch_ms_7d', 'impressions_7d'),
    is_new: v => (v.active_days_30d as number) < 2,
  },
  item_popularity: {
    ctr_24h: v => ratio(v, 'clicks_24h', 'impressions_24h') ?? 0,
    finish_rate_24h: v => ratio(v, 'finishes_24h', 'impressions_24h') ?? 0,
    like_rate_24h: v => ratio(v, 'likes_24h', 'impressions_24h') ?? 0,
    acceleration: v => ratio(v, 'impressions_1h', 'impressions_24h', 24),
  },
  author_popularity: { finish_rate_7d: v => ratio(v, 'finishes_7d', 'watches_7d') ?? 0 },
  user_author: { is_following: v => (v.follows_90d as number) > 0 },
};

/** What a group's row takes at all. */
export const takes: Readonly<Record<string, Where>> = {
  user_engagement: () => true,
  user_interests: reacted,
  user_sequence: reacted,
  item_popularity: () => true,
  author_popularity: reacted,
  user_author: is('like', 'follow'),
};

/** The event as the oracle takes it; ties go by event id. */
export function oracleEvent({ event, arrivalTime }: Accepted): OracleEvent {
  return {
    time: Math.min(event.ts, arrivalTime),
    id: event.event_id,
    fields: {
      ...event,
      os: ['android', 'ios', 'web'].includes(event.os) ? event.os : 'other',
      completion: event.watch_ms === undefined ? null : event.watch_ms / event.duration_ms,
      day: Math.floor(event.ts / (24 * hour)),
      hour: new Date(event.ts).getUTCHours(),
      weight: { impression: 1, click: 1, watch: 1, finish: 2, like: 4, share: 5, follow: 8 }[event.action],
      what: { item: event.item, action: event.action, ts: event.ts },
      watching: { item: event.item, category: event.category, watch_ms: event.watch_ms },
    },
  };
}

export interface Expected {
  readonly value: unknown;
  /** By how much a number, or each count of a sampled map, may differ. */
  readonly within: number;
}

/** A feature's value over events of one entity, in external form. */
export function expected(
  spec: Spec,
  window: OracleFeature['window'],
  events: readonly OracleEvent[],
  q: number,
): Expected {
  const { within, top, sample, empty, ...feature } = spec;
  const isRoot = feature.aggregate === 'stddev';
  const found = oracle({ ...feature, aggregate: isRoot ? 'variance' : feature.aggregate, window }, events, q);
  if (found instanceof Map) return expectedMap(found, events, top, sample);
  const value = isRoot && typeof found === 'number' ? Math.sqrt(found) : (found ?? empty ?? null);
  return { value, within: typeof value === 'number' ? (within?.(value) ?? 0) : 0 };
}

function expectedMap(
  map: ReadonlyMap<string, number>,
  events: readonly OracleEvent[],
  top?: number,
  sample?: number,
): Expected {
  const entries = [...map].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const largest = Object.fromEntries(entries.slice(0, top));
  if (sample === undefined) return { value: largest, within: 0 };
  const counted = entries.reduce((n, [, count]) => n + count, 0);
  // An event that counts twice is sampled once: the others stand for it as well.
  const twice = events.length - new Set(events.map(e => e.id)).size;
  if (counted <= sample && twice === 0) return { value: largest, within: 0 };
  // A share's standard error is largest at a half; four of them.
  const error = counted <= sample ? 1 : (4 * 0.5 * counted) / Math.sqrt(sample);
  return { value: Object.fromEntries(entries), within: twice + error };
}
