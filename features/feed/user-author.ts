import { count, decayedCount, featureGroup, first, last, max } from '../../lib/define/index.ts';
import { userAuthor } from './entities.ts';
import { interactions } from './interactions.ts';

/** Whether a user knows an author: fed by likes and follows alone, so that there is a row only where something was. */
export const userAuthorAffinity = featureGroup('user_author', {
  entity: userAuthor,
  from: interactions,
  description: 'What a user thinks of an author.',
  owner: 'ranking',
  tags: ['personal', 'profiling'],
  where: e => e.action.in(['like', 'follow']),
  features: e => ({
    likes: count().where(e.action.eq('like')).over('7d', '90d'),
    follows: count().where(e.action.eq('follow')).over('90d'),
    affinity: decayedCount({ halfLife: '7d' }).over('90d'),
    first_time: first(e.ts).over('90d'),
    last_time: max(e.ts).over('90d'),
    last_category: last(e.category).over('90d'),
  }),
  derived: f => ({ is_following: f.follows_90d.gt(0) }),
});
