import {
  count,
  decayedSum,
  distinct,
  featureGroup,
  heavyHitters,
  histogram,
  sum,
  when,
} from '../../lib/define/index.ts';
import { user } from './entities.ts';
import { interactions } from './interactions.ts';

/** How strongly an action speaks for what it is about. */
const weights = { follow: 8, share: 5, like: 4, finish: 2 } as const;

/** What a user likes to watch, by category and author. What is merely shown says nothing of that and writes nothing. */
export const userInterests = featureGroup('user_interests', {
  entity: user,
  from: interactions,
  description: "A user's interests: categories and authors, from what the user reacted to.",
  owner: 'ranking',
  tags: ['personal', 'profiling'],
  where: e => e.action.ne('impression'),
  features: e => {
    const weight = when(
      e.action.eq('follow'),
      weights.follow,
      when(
        e.action.eq('share'),
        weights.share,
        when(e.action.eq('like'), weights.like, when(e.action.eq('finish'), weights.finish, 1)),
      ),
    );
    return {
      affinity: sum(weight)
        .by(e.category, { limit: 32 })
        .over('24h', '30d')
        .describe('Reactions by category, each by its weight.'),
      watch_ms_by_category: sum(e.watch_ms)
        .where(e.action.eq('watch'))
        .by(e.category, { limit: 32 })
        .over('7d'),
      likes_by_category: count().where(e.action.eq('like')).by(e.category, { limit: 32 }).over('30d'),
      by_hour: count()
        .by(e.ts.part('hour'), { limit: 24 })
        .over('30d')
        .describe('Reactions by hour of the day, UTC.'),
      categories: distinct(e.category, { limit: 32 }).over('7d'),
      actions: histogram(e.action).over('7d'),
      favourite_categories: histogram(e.category, { top: 3, limit: 32 })
        .where(e.action.in(['like', 'finish', 'share']))
        .over('30d'),
      favourite_authors: heavyHitters(e.author, { top: 5, sample: 128 })
        .where(e.action.eq('finish'))
        .over('30d'),
      warmth: decayedSum(weight, { halfLife: '24h' }).over('30d'),
    };
  },
});
