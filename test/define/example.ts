import {
  approxDistinct,
  avg,
  count,
  decimal,
  definitions,
  entity,
  featureGroup,
  featureService,
  float,
  int,
  int64,
  last,
  lastK,
  list,
  oneOf,
  record,
  stream,
  string,
  struct,
  sum,
  timestamp,
} from '../../lib/define/index.ts';

/** Definitions that the tests of this folder share: two entities, one stream, two groups, one service. */
export const user = entity('user', { keys: { user_id: string() }, owner: 'identity' });
export const item = entity('item', { keys: { item: string() } });

export const interactions = stream('interactions', {
  schema: {
    event_id: string(),
    user_id: string().tag('pii'),
    item_id: string(),
    action: oneOf('impression', 'click', 'like', 'finish'),
    watch_ms: int().optional(),
    price: decimal(2).nullable(),
    score: float().nullable(),
    session: int64(),
    labels: list(string()),
    device: struct({ os: string(), memory: int() }),
    ts: timestamp(),
  },
  eventTime: 'ts',
  key: 'user_id',
  dedupe: { by: 'event_id', within: '1h' },
});

export const userEngagement = featureGroup('user_engagement', {
  entity: user,
  from: interactions,
  features: e => ({
    clicks: count().where(e.action.eq('click')).over('1h', '24h', '7d'),
    impressions: count().where(e.action.eq('impression')).over('24h'),
    watch_ms: sum(e.watch_ms).over('24h', '7d'),
    spent: sum(e.price).over('24h').default(0),
    recent_items: lastK(e.item_id, 50),
    recent_views: lastK(record({ item: e.item_id, ms: e.watch_ms }), 20).over('7d'),
    items_seen: approxDistinct(e.item_id).over('7d'),
    price_by_action: avg(e.price).by(e.action).over('lifetime'),
    session: last(e.session),
  }),
  derived: f => ({
    ctr_24h: f.clicks_24h.div(f.impressions_24h).describe('Clicks an impression.'),
  }),
});

export const itemPopularity = featureGroup('item_popularity', {
  entity: item,
  from: interactions,
  keys: { item: 'item_id' },
  features: e => ({ clicks: count().where(e.action.eq('click')).over('1h', '24h') }),
});

export const rankingV1 = featureService(
  'ranking_v1',
  [userEngagement, itemPopularity.pick('clicks_1h').prefix('item_')],
  {
    context: { price: float(), hour: int().optional() },
    onDemand: (f, context) => ({ price_to_spent: context.price.div(f.spent_24h) }),
  },
);

export const example = definitions({ groups: [userEngagement, itemPopularity], services: [rankingV1] });
