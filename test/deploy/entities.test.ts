import { expect, test } from 'vitest';
import definitions from '../../features/feed/index.ts';
import type { LogRecord } from '../../lib/runtime/ports.ts';
import { entitiesIn } from './entities.ts';

const record = (text: string): LogRecord => ({
  shard: 'a',
  sequence: 1n,
  arrivalTime: 0,
  data: Buffer.from(text),
});

test('every entity that a record names is there once, packed and bad ones’ among them, and one that none names', () => {
  const records = [
    record('{"user":"u1","item":"v1","author":"a1"}\n{"user":"u1","item":"v2","author":"a1"}'),
    record('{"user":"u2","item":7}'),
    record('no event'),
  ];
  const found = entitiesIn(definitions.plan, new Map([['a', records]]));
  expect(found.get('user_engagement')).toEqual([{ user: 'nobody' }, { user: 'u1' }, { user: 'u2' }]);
  expect(found.get('item_popularity')).toEqual([{ item: 'nobody' }, { item: 'v1' }, { item: 'v2' }]);
  expect(found.get('user_author')).toEqual([
    { user: 'nobody', author: 'nobody' },
    { user: 'u1', author: 'a1' },
  ]);
});
