import {
  count,
  definitions,
  distinct,
  distinctCount,
  entity,
  featureGroup,
  histogram,
  int,
  lastK,
  oneOf,
  stream,
  string,
  sum,
  timestamp,
} from '../../lib/define/index.ts';
import { minute, second } from './time.ts';

/** The feed that the simulated worlds run: what users do with items. */

/** A life of the stream, and the next one where it is made anew. */
export const lives = ['feed-1', 'feed-2'] as const;
export type Life = (typeof lives)[number];
export const withinMs = 90 * second;

const user = entity('user', { keys: { user: string() } });
const item = entity('item', { keys: { item: string() } });
const userItem = entity('user_item', { keys: { user: string(), item: string() } });

const schema = {
  id: string(),
  user: string(),
  item: string().nullable(),
  action: oneOf('view', 'like', 'share'),
  ms: int(),
  ts: timestamp(),
};
const options = { schema, eventTime: 'ts', key: 'user' } as const;
const counted = stream('feed', { ...options, dedupe: { by: 'id', within: `${withinMs / second}s` } });
const plain = stream('feed', options);

/** `check` is 3·ms + 1 of each event: an event that is only half in a row would break `check = 3·ms + n`. */
function groupsOf(from: typeof counted | typeof plain) {
  return {
    user_activity: featureGroup('user_activity', {
      entity: user,
      from,
      features: e => ({
        n: count().over('10m', '1h', '7d'),
        ms: sum(e.ms).over('1h', '7d'),
        check: sum(e.ms.mul(3).add(1)).over('7d'),
        actions: histogram(e.action).over('7d'),
        recent: lastK(e.ms, 4).over('7d'),
        items: distinct(e.item, { limit: 2048 }).over('24h'),
      }),
    }),
    item_activity: featureGroup('item_activity', {
      entity: item,
      from,
      features: e => ({
        n: count().over('10m', '24h'),
        ms: sum(e.ms).over('24h'),
        check: sum(e.ms.mul(3).add(1)).over('24h'),
        users: distinctCount(e.user, { limit: 2048 }).over('1h'),
      }),
    }),
    user_item: featureGroup('user_item', {
      entity: userItem,
      from,
      features: e => ({
        n: count().where(e.action.eq('like')).over('7d'),
        ms: sum(e.ms).where(e.action.eq('like')).over('7d'),
        check: sum(e.ms.mul(3).add(1)).where(e.action.eq('like')).over('7d'),
      }),
    }),
  };
}

const home = groupsOf(counted);
const anonymous = groupsOf(plain);

/** Where the ids of counted events are kept: in a group's rows, in rows of their own, or nowhere. */
export const feeds = {
  home: definitions({ groups: [home.user_activity, home.item_activity, home.user_item] }),
  ids: definitions({ groups: [home.item_activity, home.user_item] }),
  none: definitions({ groups: [anonymous.user_activity, anonymous.item_activity, anonymous.user_item] }),
} as const;
export type FeedName = keyof typeof feeds;
export type GroupName = keyof typeof home;

export interface Activity {
  readonly id: string;
  readonly user: string;
  readonly item: string | null;
  readonly action: 'view' | 'like' | 'share';
  readonly ms: number;
  readonly ts: number;
}

export const clockTolerance = 5 * minute;
