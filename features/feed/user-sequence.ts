import { featureGroup, firstK, lastK, record, topK } from '../../lib/define/index.ts';
import { user } from './entities.ts';
import { interactions } from './interactions.ts';

/** What a user did last, as sequence models read it: latest first. */
export const userSequence = featureGroup('user_sequence', {
  entity: user,
  from: interactions,
  description: 'The last things a user did.',
  owner: 'ranking',
  tags: ['personal'],
  where: e => e.action.ne('impression'),
  features: e => {
    const what = record({ item: e.item, action: e.action, ts: e.ts });
    return {
      recent: lastK(what, 50).where(e.action.ne('watch')).over('30d').describe('Reactions, the latest 50.'),
      recent_watches: lastK(record({ item: e.item, category: e.category, watch_ms: e.watch_ms }), 20)
        .where(e.action.eq('watch'))
        .over('7d'),
      recent_likes: lastK(e.item, 20).where(e.action.eq('like')).over('30d'),
      recent_follows: lastK(e.author, 10).where(e.action.eq('follow')).over('90d'),
      first_likes: firstK(e.item, 5).where(e.action.eq('like')).over('90d'),
      longest_watched: topK(e.item, 5, { orderBy: e.watch_ms }).where(e.action.eq('watch')).over('7d'),
    };
  },
});
