import {
  count,
  definitions,
  entity,
  featureGroup,
  featureService,
  float,
  int,
  int64,
  lastK,
  oneOf,
  stream,
  string,
  sum,
  timestamp,
} from '../../lib/define/index.ts';

const visitor = entity('visitor', { keys: { user: string() } });
const page = entity('visitor_page', { keys: { user: string(), page: int64() } });

export const visits = stream('visits', {
  schema: {
    id: int(),
    ts: timestamp(),
    user: string(),
    page: int64(),
    kind: oneOf('view', 'click'),
    ms: int().nullable(),
  },
  eventTime: 'ts',
  key: 'user',
});

export const visitorGroup = featureGroup('visitor', {
  entity: visitor,
  from: visits,
  features: e => ({
    visits: count().over('1h', '7d', 'lifetime'),
    clicks: count().where(e.kind.eq('click')).over('7d'),
    ms: sum(e.ms).over('7d'),
    pages: lastK(e.page, 3),
  }),
  derived: f => ({ click_rate: f.clicks_7d.div(f.visits_7d) }),
});

export const pageGroup = featureGroup('visitor_page', {
  entity: page,
  from: visits,
  features: () => ({ visits: count() }),
});

/** Definitions for tests of the command line. */
export default definitions({
  groups: [visitorGroup, pageGroup],
  services: [
    featureService('greeting', [visitorGroup.pick('visits_7d')], {
      context: { factor: float() },
      onDemand: (f, context) => ({ weighted: f.visits_7d.toFloat().mul(context.factor) }),
    }),
  ],
});
