import {
  approxDistinct,
  approxQuantile,
  avg,
  count,
  decayedCount,
  distinctCount,
  featureGroup,
  first,
  last,
  max,
  min,
  stddev,
  sum,
  variance,
} from '../../lib/define/index.ts';
import { user } from './entities.ts';
import { interactions } from './interactions.ts';

/**
 * How much a user watches, and what comes of it. The first group by name on the stream's key: its rows also remember
 * which event ids were counted.
 */
export const userEngagement = featureGroup('user_engagement', {
  entity: user,
  from: interactions,
  description: 'What a user does with the videos shown, from the last hour to the last quarter.',
  owner: 'ranking',
  tags: ['personal'],
  features: e => {
    const watched = e.action.eq('watch');
    const completion = e.watch_ms.div(e.duration_ms);
    return {
      impressions: count().where(e.action.eq('impression')).over('1h', '24h', '7d').describe('Videos shown.'),
      clicks: count().where(e.action.eq('click')).over('1h', '24h', '7d').describe('Videos opened.'),
      finishes: count().where(e.action.eq('finish')).over('1h', '24h', '7d').describe('Watched to the end.'),
      likes: count().where(e.action.eq('like')).over('24h', '7d', '30d'),
      shares: count().where(e.action.eq('share')).over('7d', '30d'),
      follows: count().where(e.action.eq('follow')).over('7d', '90d').describe('Authors newly followed.'),

      watch_ms: sum(e.watch_ms).where(watched).over('1h', '24h', '7d').default(0),
      watch_avg: avg(e.watch_ms).where(watched).over('24h', '7d').describe('Milliseconds per watched video.'),
      watch_p50: approxQuantile(e.watch_ms, 0.5, { accuracy: 0.05 }).where(watched).over('7d'),
      watch_p90: approxQuantile(e.watch_ms, 0.9, { accuracy: 0.05 }).where(watched).over('7d'),
      watch_stddev: stddev(e.watch_ms).where(watched).over('7d'),
      shortest_watch: min(e.watch_ms).where(watched).over('24h'),
      longest_watch: max(e.watch_ms).where(watched).over('24h', '7d'),
      completion: avg(completion).where(watched).over('24h', '7d').describe('The share of a video watched.'),
      completion_variance: variance(completion)
        .where(watched)
        .over('7d')
        .describe('Low for those who always, or never, watch to the end.'),
      depth: max(e.position).over('1h', '24h').describe('How far down the feed the user came.'),

      items_seen: approxDistinct(e.item, { precision: 10 }).where(e.action.eq('impression')).over('7d'),
      active_days: distinctCount(e.ts.truncate('day'), { limit: 31 }).over('30d'),
      activity: decayedCount({ halfLife: '6h' })
        .where(e.action.ne('impression'))
        .over('7d')
        .describe('Reactions, each half as heavy six hours later.'),
      first_seen: first(e.ts).over('90d'),
      last_seen: max(e.ts).over('90d'),
      os: last(e.os).over('90d'),
      country: last(e.country).over('90d').tag('location'),
    };
  },
  derived: f => ({
    ctr_24h: f.clicks_24h.div(f.impressions_24h).coalesce(0),
    ctr_7d: f.clicks_7d.div(f.impressions_7d).coalesce(0),
    finish_rate_24h: f.finishes_24h.div(f.impressions_24h).coalesce(0),
    finish_rate_7d: f.finishes_7d.div(f.impressions_7d).coalesce(0),
    like_rate_7d: f.likes_7d.div(f.impressions_7d).coalesce(0),
    watch_per_impression_7d: f.watch_ms_7d.div(f.impressions_7d).describe('Milliseconds.'),
    is_new: f.active_days_30d.lt(2),
  }),
});
