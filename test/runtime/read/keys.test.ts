import { describe, expect, test } from 'vitest';
import { ReadRequestError } from '../../../lib/runtime/read.ts';
import { context, setUp } from './sales.ts';

describe('a key', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['user_sales', {}, 'a key of entity user needs user (string); user is missing'],
    ['user_sales', { user: null }, 'a key of entity user needs user (string); user is missing'],
    ['user_sales', { user: 7 }, 'a key of entity user needs user (string); user is no string'],
    ['user_sales', { user: '' }, 'a key of entity user needs user (string); user is empty'],
    ['user_sales', { user: '\ud800' }, 'a key of entity user needs user (string); user is no string'],
    ['user_sales', { user: 'x'.repeat(1025) }, 'a key of entity user is longer than 1024 bytes'],
    [
      'pair_sales',
      { user: 'u1' },
      'a key of entity pair needs user (string), item (string); item is missing',
    ],
    [
      'pair_sales',
      { user: 'x'.repeat(600), item: 'x'.repeat(600) },
      'a key of entity pair is longer than 1024 bytes',
    ],
    [
      'account_sales',
      { account: '1.5' },
      'a key of entity account needs account (int64); account is no int64',
    ],
    [
      'account_sales',
      { account: 2 ** 53 },
      'a key of entity account needs account (int64); account is no int64',
    ],
  ])('of %s that is none is refused: %#', async (group, key, message) => {
    const { reader } = await setUp([]);
    await expect(reader.readGroup(group, [key])).rejects.toThrow(new ReadRequestError('bad-key', message));
  });

  test('of one bad entity is refused before anything is read', async () => {
    const { reader, store } = await setUp([]);
    await expect(reader.readGroup('user_sales', [{ user: 'u1' }, {}])).rejects.toThrow(ReadRequestError);
    await expect(reader.readService('ranking', [{ user: 'u1' }], { context })).rejects.toThrow(
      'a key of entity item needs item (string); item is missing',
    );
    expect(store.counts.reads).toBe(0);
  });

  test.each([[9007199254740993n], ['9007199254740993']])('may be an int64 past 2^53: %s', async id => {
    const { reader } = await setUp([{ account: '9007199254740993' }, { account: '9007199254740992' }]);
    const { entities } = await reader.readGroup('account_sales', [{ account: id }]);
    expect(entities[0]).toMatchObject({ status: 'known', values: { sales_24h: 1 } });
  });

  test('of several parts is not confused with another by what joins them', async () => {
    const sold = [
      { user: 'a|b', item: 'c' },
      { user: 'a', item: 'b|c' },
      { user: 'a', item: 'b|c' },
      { user: 'a\\', item: '|b|c' },
    ];
    const { reader } = await setUp(sold);
    const keys = [...sold.slice(1), { user: 'a', item: '\\|b|c' }];
    const { entities } = await reader.readGroup('pair_sales', keys);
    expect(entities.map(e => [e.status, e.values.sales_24h])).toEqual([
      ['known', 2],
      ['known', 2],
      ['known', 1],
      ['unknown', 0],
    ]);
  });

  test('may have more parts than the entity', async () => {
    const { reader } = await setUp([{}]);
    const { entities } = await reader.readGroup('user_sales', [{ user: 'u1', item: 'i1', other: [] }]);
    expect(entities[0]!.status).toBe('known');
  });
});
