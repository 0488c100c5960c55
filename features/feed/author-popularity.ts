import {
  approxDistinct,
  avg,
  count,
  decayedCount,
  distinctCount,
  featureGroup,
  sum,
  topK,
} from '../../lib/define/index.ts';
import { author } from './entities.ts';
import { interactions } from './interactions.ts';

/** How an author's videos do, from what people did with them; what is merely shown writes nothing. */
export const authorPopularity = featureGroup('author_popularity', {
  entity: author,
  from: interactions,
  description: "What people do with an author's videos.",
  owner: 'content',
  where: e => e.action.ne('impression'),
  features: e => {
    const watched = e.action.eq('watch');
    return {
      follows: count().where(e.action.eq('follow')).over('24h', '30d').describe('New followers.'),
      likes: count().where(e.action.eq('like')).over('24h', '7d'),
      finishes: count().where(e.action.eq('finish')).over('24h', '7d'),
      watches: count().where(watched).over('24h', '7d'),
      watch_ms: sum(e.watch_ms).where(watched).over('24h', '7d').default(0),
      completion: avg(e.watch_ms.div(e.duration_ms)).where(watched).over('7d'),
      viewers: approxDistinct(e.user, { precision: 10 }).where(watched).over('7d'),
      items: distinctCount(e.item, { limit: 128 }).over('7d').describe('Videos that anyone reacted to.'),
      trend: decayedCount({ halfLife: '24h' })
        .where(e.action.in(['follow', 'like', 'share']))
        .over('30d'),
      longest_videos: topK(e.item, 3, { orderBy: e.duration_ms }).where(e.action.eq('finish')).over('7d'),
    };
  },
  derived: f => ({
    finish_rate_7d: f.finishes_7d.div(f.watches_7d).coalesce(0),
  }),
});
