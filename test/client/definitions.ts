import {
  bool,
  count,
  decimal,
  definitions,
  distinct,
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

/* Definitions for tests of the client: every type of value, two entities, a stream with ids of its own making. */

const user = entity('user', { keys: { user: string() } });
const item = entity('item', { keys: { item: int64() } });

export const plays = stream('plays', {
  schema: {
    id: string(),
    at: timestamp(),
    user: string(),
    item: int64(),
    kind: oneOf('view', 'like'),
    ms: int().optional(),
    price: decimal(2).nullable(),
    score: float().optional().nullable(),
    loud: bool(),
    codes: list(int64()),
    device: struct({ os: string(), serial: int64().optional() }),
  },
  eventTime: 'at',
  key: 'user',
  dedupe: { by: 'id', within: '1h' },
});

/** A stream without ids. */
export const ticks = stream('ticks', {
  schema: { at: timestamp(), user: string() },
  eventTime: 'at',
  key: 'user',
});

const userPlays = featureGroup('user_plays', {
  entity: user,
  from: plays,
  features: e => ({
    plays: count().over('1h', 'lifetime'),
    ms: sum(e.ms),
    item: last(e.item),
    items: lastK(e.item, 3),
    item_set: distinct(e.item),
    views: lastK(record({ item: e.item, ms: e.ms }), 2),
    last_item_by_kind: last(e.item).by(e.kind),
    one_kind: count().by(e.kind, { limit: 1 }),
    spent: sum(e.price),
    score: last(e.score),
    loud: last(e.loud),
    codes: last(e.codes),
    device: last(e.device),
    at: last(e.at),
  }),
  derived: f => ({ ms_per_play: f.ms.div(f.plays_lifetime) }),
});

const itemPlays = featureGroup('item_plays', {
  entity: item,
  from: plays,
  features: e => ({ plays: count(), latest: last(e.user) }),
});

const userTicks = featureGroup('user_ticks', {
  entity: user,
  from: ticks,
  features: () => ({ ticks: count() }),
});

export default definitions({
  groups: [userPlays, itemPlays, userTicks],
  services: [
    featureService('pairs', [userPlays.pick('plays_lifetime', 'item', 'ms'), itemPlays.prefix('item_')], {
      context: { bonus: int64(), since: timestamp(), factor: float().optional() },
      onDemand: (f, context) => ({
        shifted: f.item.add(context.bonus),
        is_recent: context.since.gt(0),
        scaled: context.factor.mul(f.plays_lifetime.toFloat()),
      }),
    }),
    featureService('users', [userPlays]),
  ],
});
