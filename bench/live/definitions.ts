import feed from '../../features/feed/index.ts';
import { interactions } from '../../features/feed/interactions.ts';
import {
  approxDistinct,
  count,
  definitions,
  entity,
  featureGroup,
  lastK,
  string,
  sum,
} from '../../lib/define/index.ts';

const user = entity('user', { keys: { user: string() } });

/** The group by which the design shows what a definition is, on the feed's stream, and copies are dropped. */
const engagement = featureGroup('user_engagement', {
  entity: user,
  from: interactions,
  features: e => ({
    impressions: count().where(e.action.eq('impression')).over('24h'),
    clicks: count().where(e.action.eq('click')).over('1h', '24h', '7d'),
    watch_ms: sum(e.watch_ms).over('24h', '7d'),
    recent_items: lastK(e.item, 50).over('30d'),
    items_seen: approxDistinct(e.item).over('7d'),
  }),
  derived: f => ({ ctr_24h: f.clicks_24h.div(f.impressions_24h) }),
});

/** What the live benchmarks run: the whole feed, six groups, and one group of it. */
export const liveDefinitions = {
  feed,
  engagement: definitions({ groups: [engagement], services: [] }),
} as const;

export type LiveDefinitions = keyof typeof liveDefinitions;
