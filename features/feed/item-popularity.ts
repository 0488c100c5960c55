import {
  approxDistinct,
  approxQuantile,
  avg,
  bottomK,
  count,
  decayedCount,
  featureGroup,
  first,
  histogram,
  last,
  lastK,
  max,
  min,
  stddev,
  sum,
} from '../../lib/define/index.ts';
import { item } from './entities.ts';
import { interactions } from './interactions.ts';

/** How a video does: now, today, this week. */
export const itemPopularity = featureGroup('item_popularity', {
  entity: item,
  from: interactions,
  description: 'How often a video is shown, and what people do with it.',
  owner: 'content',
  features: e => {
    const watched = e.action.eq('watch');
    const completion = e.watch_ms.div(e.duration_ms);
    return {
      impressions: count().where(e.action.eq('impression')).over('1h', '24h', '7d'),
      clicks: count().where(e.action.eq('click')).over('1h', '24h'),
      finishes: count().where(e.action.eq('finish')).over('1h', '24h'),
      likes: count().where(e.action.eq('like')).over('1h', '24h', '7d'),
      shares: count().where(e.action.eq('share')).over('24h', '7d'),
      watch_ms: sum(e.watch_ms).where(watched).over('1h', '24h').default(0),
      completion: avg(completion)
        .where(watched)
        .over('24h', '7d')
        .describe('The share of it that is watched.'),
      completion_stddev: stddev(completion).where(watched).over('7d'),
      watch_median: approxQuantile(e.watch_ms, 0.5, { accuracy: 0.02 }).where(watched).over('24h'),
      viewers: approxDistinct(e.user, { precision: 10 }).where(watched).over('24h'),
      trend: decayedCount({ halfLife: '1h' })
        .where(e.action.in(['like', 'share', 'finish']))
        .over('7d')
        .describe('Likes, shares and finishes, each half as heavy an hour later.'),
      best_position: min(e.position).where(e.action.eq('impression')).over('24h'),
      countries: histogram(e.country, { top: 3, limit: 64 }).where(watched).over('7d'),
      shortest_watches: bottomK(e.watch_ms, 3).where(watched).over('24h'),
      recent_likers: lastK(e.user, 10).where(e.action.eq('like')).over('7d').tag('personal'),
      first_shown: first(e.ts).over('90d'),
      last_shown: max(e.ts).over('90d'),
      author: last(e.author).over('90d'),
      category: last(e.category).over('90d'),
      duration_ms: last(e.duration_ms).over('90d'),
    };
  },
  derived: f => ({
    ctr_24h: f.clicks_24h.div(f.impressions_24h).coalesce(0),
    finish_rate_24h: f.finishes_24h.div(f.impressions_24h).coalesce(0),
    like_rate_24h: f.likes_24h.div(f.impressions_24h).coalesce(0),
    acceleration: f.impressions_1h
      .mul(24)
      .div(f.impressions_24h)
      .describe('Above 1: more than a usual hour.'),
  }),
});
