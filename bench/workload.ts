import {
  approxDistinct,
  avg,
  count,
  decayedCount,
  definitions,
  entity,
  featureGroup,
  float,
  int,
  last,
  lastK,
  max,
  min,
  oneOf,
  record,
  stddev,
  stream,
  string,
  sum,
  timestamp,
} from '../lib/define/index.ts';
import { compileGroup, type GroupKernel } from '../lib/kernel/index.ts';
import { randomNumbers } from './random.ts';

/**
 * What the benchmarks run: a short-video feed's interactions, 1,000 a second of event time, by users drawn evenly
 * (the least kind case: no user is hot in any cache), and two groups over them.
 */

const user = entity('user', { keys: { user_id: string() } });

const schema = {
  event_id: string(),
  user_id: string(),
  item_id: string(),
  category: string(),
  action: oneOf('impression', 'click', 'like', 'finish'),
  watch_ms: int(),
  price: float(),
  ts: timestamp(),
};

export const interactions = stream('interactions', {
  schema,
  eventTime: 'ts',
  key: 'user_id',
  dedupe: { by: 'event_id', within: '1h' },
});

/** The same without ids: nothing is looked up to drop copies. */
const anonymous = stream('interactions', { schema, eventTime: 'ts', key: 'user_id' });

/** The ten mixed windowed features of the fold benchmark, each over three windows: 30 values. */
export const tenFeatures = [
  'count',
  'count where click',
  'sum of int',
  'average of int',
  'min of int',
  'max of float',
  'standard deviation of int',
  'sum of float',
  'decayed count (half-life 6 h)',
  'last string',
] as const;

const engagementOf = (from: typeof interactions) =>
  featureGroup('engagement', {
    entity: user,
    from,
    features: e => ({
      events: count().over('1h', '24h', '7d'),
      clicks: count().where(e.action.eq('click')).over('1h', '24h', '7d'),
      watch: sum(e.watch_ms).over('1h', '24h', '7d'),
      watch_avg: avg(e.watch_ms).over('1h', '24h', '7d'),
      shortest: min(e.watch_ms).over('1h', '24h', '7d'),
      dearest: max(e.price).over('1h', '24h', '7d'),
      watch_dev: stddev(e.watch_ms).over('1h', '24h', '7d'),
      spend: sum(e.price).over('1h', '24h', '7d'),
      activity: decayedCount({ halfLife: '6h' }).over('1h', '24h', '7d'),
      item: last(e.item_id).over('1h', '24h', '7d'),
    }),
  });

export const engagement = engagementOf(interactions);
export const anonymousEngagement = engagementOf(anonymous);

/** Features that hold more than numbers: sequences, sketches, maps. */
export const interests = featureGroup('interests', {
  entity: user,
  from: interactions,
  features: e => ({
    recent: lastK(record({ item: e.item_id, ms: e.watch_ms }), 50),
    items: approxDistinct(e.item_id).over('24h', '7d'),
    by_category: count().by(e.category).over('24h', '7d'),
    watch_by_category: sum(e.watch_ms).by(e.category).over('7d'),
  }),
});

export const workload = definitions({ groups: [engagement, interests], services: [] });

export function kernelOf(group: 'engagement' | 'interests'): GroupKernel {
  const plan = workload.plan.groups.find(g => g.name === group);
  if (plan === undefined) throw new Error(`no group ${group}`);
  return compileGroup(workload.plan, plan);
}

export interface RawEvent {
  readonly event_id: string;
  readonly user_id: string;
  readonly item_id: string;
  readonly category: string;
  readonly action: string;
  readonly watch_ms: number;
  readonly price: number;
  readonly ts: string;
}

export const start = Date.UTC(2026, 0, 5, 18);
const perSecond = 1000;

/** The n-th event of a seeded sequence, of a user given by number. */
export function createEvents(seed: number): (n: number, userNumber: number) => RawEvent {
  const random = randomNumbers(seed);
  const actions = ['impression', 'impression', 'impression', 'click', 'finish', 'like'] as const;
  return (n, userNumber) => ({
    event_id: `${(n + 0x1000_0000).toString(16)}${Math.floor(random() * 2 ** 32).toString(16)}`,
    user_id: `user_${userNumber}`,
    item_id: `item_${Math.floor(random() ** 2 * 50_000)}`,
    category: `c${Math.floor(random() ** 2 * 40)}`,
    action: actions[Math.floor(random() * actions.length)] as string,
    watch_ms: Math.floor(random() ** 2 * 60_000),
    price: Math.floor(random() * 5000) / 100,
    ts: new Date(timeOf(n)).toISOString(),
  });
}

export const timeOf = (n: number): number => start + Math.floor((n * 1000) / perSecond);
