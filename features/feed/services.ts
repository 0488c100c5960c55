import { featureService, int, oneOf, when } from '../../lib/define/index.ts';
import { authorPopularity } from './author-popularity.ts';
import { itemPopularity } from './item-popularity.ts';
import { userAuthorAffinity } from './user-author.ts';
import { userEngagement } from './user-engagement.ts';
import { userInterests } from './user-interests.ts';
import { userSequence } from './user-sequence.ts';

/** What is read of the user: 50 features. */
const userVector = [
  userEngagement
    .pick(
      'impressions_1h',
      'impressions_24h',
      'impressions_7d',
      'clicks_1h',
      'clicks_24h',
      'clicks_7d',
      'finishes_1h',
      'finishes_24h',
      'finishes_7d',
      'likes_24h',
      'likes_7d',
      'likes_30d',
      'shares_7d',
      'follows_7d',
      'follows_90d',
      'watch_ms_1h',
      'watch_ms_24h',
      'watch_ms_7d',
      'watch_avg_7d',
      'watch_p50_7d',
      'watch_p90_7d',
      'watch_stddev_7d',
      'longest_watch_24h',
      'completion_24h',
      'completion_7d',
      'completion_variance_7d',
      'depth_1h',
      'items_seen_7d',
      'active_days_30d',
      'activity_7d',
      'last_seen_90d',
      'os_90d',
      'country_90d',
      'ctr_24h',
      'ctr_7d',
      'finish_rate_7d',
      'like_rate_7d',
      'watch_per_impression_7d',
      'is_new',
    )
    .prefix('user_'),
  userInterests
    .pick(
      'affinity_24h',
      'affinity_30d',
      'watch_ms_by_category_7d',
      'by_hour_30d',
      'categories_7d',
      'favourite_categories_30d',
      'favourite_authors_30d',
      'warmth_30d',
    )
    .prefix('user_'),
  userSequence.pick('recent_30d', 'recent_watches_7d', 'recent_likes_30d').prefix('user_'),
] as const;

/** What is read of each video to be ranked: 20 features. */
const itemVector = itemPopularity
  .pick(
    'impressions_1h',
    'impressions_24h',
    'impressions_7d',
    'clicks_24h',
    'finishes_24h',
    'likes_1h',
    'likes_24h',
    'shares_24h',
    'watch_ms_24h',
    'completion_24h',
    'completion_7d',
    'watch_median_24h',
    'viewers_24h',
    'trend_7d',
    'category_90d',
    'duration_ms_90d',
    'ctr_24h',
    'finish_rate_24h',
    'like_rate_24h',
    'acceleration',
  )
  .prefix('item_');

/** What the ranking model reads of a user and each of some videos, for a request made at an hour on a device. */
export const rankingV1 = featureService('ranking_v1', [...userVector, itemVector], {
  context: {
    hour: int().describe('Of the day, UTC.'),
    os: oneOf('android', 'ios', 'web', 'other'),
    position: int().optional().describe('Where the video would stand in the feed.'),
  },
  onDemand: (f, context) => ({
    watch_to_duration: f.user_watch_avg_7d.div(f.item_duration_ms_90d),
    ctr_ratio: f.item_ctr_24h.div(f.user_ctr_7d),
    knows_category: f.user_categories_7d.contains(f.item_category_90d),
    changed_os: context.os.ne(f.user_os_90d),
    is_evening: context.hour.ge(18),
    expected_watch_ms: when(context.position.le(f.user_depth_1h), f.item_watch_median_24h, 0),
  }),
  description: 'Rank videos for a user.',
  owner: 'ranking',
  tags: ['personal'],
});

/** The user's part of ranking_v1 alone, for models that know no video yet. */
export const retrievalV1 = featureService('retrieval_v1', [...userVector], {
  description: 'Choose candidates for a user.',
  owner: 'ranking',
  tags: ['personal'],
});

/** Whom to propose to a user. */
export const followsV1 = featureService(
  'follows_v1',
  [
    userAuthorAffinity.prefix('pair_'),
    authorPopularity
      .pick('follows_30d', 'likes_7d', 'viewers_7d', 'completion_7d', 'trend_30d', 'finish_rate_7d')
      .prefix('author_'),
  ],
  { description: 'Rank authors whom a user might follow.', owner: 'ranking', tags: ['personal'] },
);
