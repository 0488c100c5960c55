import { authorPopularity } from '../../features/feed/author-popularity.ts';
import { interactions } from '../../features/feed/interactions.ts';
import { itemPopularity } from '../../features/feed/item-popularity.ts';
import { followsV1, rankingV1, retrievalV1 } from '../../features/feed/services.ts';
import { userAuthorAffinity } from '../../features/feed/user-author.ts';
import { userEngagement } from '../../features/feed/user-engagement.ts';
import { userInterests } from '../../features/feed/user-interests.ts';
import { userSequence } from '../../features/feed/user-sequence.ts';
import { approxDistinct, count, definitions, entity, featureGroup, string } from '../../lib/define/index.ts';

const category = entity('category', { keys: { category: string() } });

/** What the changed definitions have beside those of the feed. */
export const categoryActivity = featureGroup('category_activity', {
  entity: category,
  from: interactions,
  features: e => ({
    events: count().over('90d'),
    likes: count().where(e.action.eq('like')).over('24h', '7d'),
    viewers: approxDistinct(e.user).where(e.action.eq('watch')).over('24h'),
  }),
});

/** The feed's definitions with one group more. */
export default definitions({
  groups: [
    userEngagement,
    userInterests,
    userSequence,
    itemPopularity,
    authorPopularity,
    userAuthorAffinity,
    categoryActivity,
  ],
  services: [rankingV1, retrievalV1, followsV1],
});
