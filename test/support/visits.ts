import {
  count,
  definitions,
  entity,
  featureGroup,
  stream,
  string,
  timestamp,
} from '../../lib/define/index.ts';

/** Visits of pages with ids, counted by user: a home group and nothing else. */
export const { plan } = definitions({
  groups: [
    featureGroup('visits', {
      entity: entity('user', { keys: { user: string() } }),
      from: stream('pages', {
        schema: { id: string(), user: string(), ts: timestamp() },
        eventTime: 'ts',
        key: 'user',
        dedupe: { by: 'id', within: '1h' },
      }),
      features: () => ({ visits: count().over('lifetime') }),
    }),
  ],
});
