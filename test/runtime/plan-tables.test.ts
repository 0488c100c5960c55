import { expect, test } from 'vitest';
import { count, definitions, featureGroup, stream, string, timestamp } from '../../lib/define/index.ts';
import { day, hour, minute } from '../../lib/kernel/time.ts';
import { defaultRetentionMs, readableMs, tablesOf, timesToLive } from '../../lib/runtime/plan-tables.ts';
import { plays, song, songFinishes, songPlays, user, userPlays } from '../support/plays.ts';

const withIds = stream('views', {
  schema: { id: string(), user: string(), song: string(), ts: timestamp() },
  eventTime: 'ts',
  key: 'user',
  dedupe: { by: 'id', within: '3d' },
});
const views = (entity: typeof user | typeof song, window: '1h' | '30d') =>
  featureGroup(`${entity.name}_views`, {
    entity: entity as typeof user,
    from: withIds,
    features: () => ({ views: count().over(window) }),
  });

const timesOf = (groups: Parameters<typeof definitions>[0]['groups'], retentionMs = 0) =>
  Object.fromEntries(
    tablesOf(definitions({ groups }).plan).map(({ table, ttlMs }) => [table, ttlMs(retentionMs)]),
  );

test('a row lives as long as its longest window and that hop can see its last event, whenever it is read', () => {
  expect(timesOf([songFinishes, songPlays])).toEqual({
    'song_finishes@1': hour + 5 * minute + readableMs,
    'song_plays@1': 7 * day + hour + readableMs,
  });
});

test('a row with a lifetime feature lives for ever', () => {
  expect(timesOf([userPlays])).toEqual({ 'user_plays@1': null });
});

test('a row that remembers ids lives as long as a copy can be processed', () => {
  expect(timesOf([views(user, '1h'), views(song, '1h')], 7 * day)).toEqual({
    'user_views@1': 10 * day,
    'song_views@1': hour + 5 * minute + readableMs,
  });
  expect(timesOf([views(user, '30d')], 7 * day)).toEqual({ 'user_views@1': 31 * day + readableMs });
});

test('ids that no group remembers have a table of their own', () => {
  expect(timesOf([views(song, '1h')], day)).toMatchObject({ 'views#ids@1': 4 * day });
  expect(tablesOf(definitions({ groups: [views(song, '1h')] }).plan).map(t => t.stream)).toEqual([
    'views',
    'views',
  ]);
  expect(tablesOf(definitions({ groups: [songPlays] }).plan).map(t => t.stream)).toEqual([plays.name]);
});

test('a store is told by table; tables that are not of the Plan keep their rows', () => {
  const { plan } = definitions({ groups: [views(song, '1h'), songPlays] });
  const ttlOf = timesToLive(plan);
  expect(['song_plays@1', 'views#ids@1', 'other@1'].map(ttlOf)).toEqual([
    7 * day + hour + readableMs,
    3 * day + defaultRetentionMs,
    null,
  ]);
});
