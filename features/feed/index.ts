import { definitions } from '../../lib/define/index.ts';
import { authorPopularity } from './author-popularity.ts';
import { itemPopularity } from './item-popularity.ts';
import { followsV1, rankingV1, retrievalV1 } from './services.ts';
import { userAuthorAffinity } from './user-author.ts';
import { userEngagement } from './user-engagement.ts';
import { userInterests } from './user-interests.ts';
import { userSequence } from './user-sequence.ts';

/**
 * Features of a feed of short videos. None looks back further than 90 days: rows of those who left can expire, and
 * what arrives later than that is quarantined.
 */
export default definitions({
  groups: [userEngagement, userInterests, userSequence, itemPopularity, authorPopularity, userAuthorAffinity],
  services: [rankingV1, retrievalV1, followsV1],
});
