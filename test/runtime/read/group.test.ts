import { describe, expect, test } from 'vitest';
import { minute, now, setUp } from './sales.ts';

describe('a group', () => {
  test('gives every feature of every entity asked for, in order, as JSON has it', async () => {
    const { reader } = await setUp([
      { item: 'i1', price: 2.5, account: '9007199254740993', ts: now - 2 * minute },
      { item: 'i2', price: 0.1, account: '9007199254740993', weight: -0, ts: now - minute },
      { user: 'u2' },
    ]);
    const keys = [{ user: 'nobody' }, { user: 'u1' }, { user: 'u2' }, { user: 'u1' }];
    const { asOf, entities } = await reader.readGroup('user_sales', keys);
    expect(asOf).toBe(now);
    expect(entities.map(e => e.status)).toEqual(['unknown', 'known', 'known', 'known']);
    expect(entities[1]).toEqual({
      status: 'known',
      values: {
        sales_1h: 2,
        sales_24h: 2,
        spent_24h: 2.6,
        largest_24h: 2.5,
        items_24h: ['i1', 'i2'],
        by_item_24h: { i1: 1, i2: 1 },
        basket_24h: [
          { item: 'i2', price: 0.1 },
          { item: 'i1', price: 2.5 },
        ],
        latest: now - minute,
        latest_account: 9007199254740993n,
        weight_24h: 0,
        mean: 1.3,
        mean_doubled: 2.6,
      },
    });
    expect(entities[3]).toEqual(entities[1]);
    expect(entities[2]!.values).toMatchObject({ sales_24h: 1, mean: 1 });
    const { latest_account: _, ...values } = entities[1]!.values;
    expect(JSON.parse(JSON.stringify(values))).toEqual(values);
  });

  test('of an entity that is not known has the values of no events', async () => {
    const { reader } = await setUp([]);
    const { entities } = await reader.readGroup('user_sales', [{ user: 'nobody' }]);
    expect(entities).toEqual([
      {
        status: 'unknown',
        values: {
          sales_1h: 0,
          sales_24h: 0,
          spent_24h: 0,
          largest_24h: null,
          items_24h: [],
          by_item_24h: {},
          basket_24h: [],
          latest: null,
          latest_account: null,
          weight_24h: null,
          mean: null,
          mean_doubled: null,
        },
      },
    ]);
  });

  test('of an entity whose events have all gone from the windows: known, with the same values', async () => {
    const { reader, setClock } = await setUp([{ weight: 1 }]);
    setClock(now + 48 * 60 * minute);
    const { entities } = await reader.readGroup('user_sales', [{ user: 'u1' }, { user: 'nobody' }]);
    expect(entities[0]!.status).toBe('known');
    expect(entities[0]!.values).toEqual({
      ...entities[1]!.values,
      latest: now - minute,
      latest_account: 1n,
    });
  });

  test('flags a value that is not the whole truth, and only it', async () => {
    const { reader } = await setUp(['i1', 'i2', 'i3'].map(bought => ({ item: bought })));
    const { entities } = await reader.readGroup('user_sales', [{ user: 'u1' }, { user: 'nobody' }]);
    expect(entities[0]!.flags).toEqual({ items_24h: 'overflow' });
    expect(entities[0]!.values.items_24h).toHaveLength(2);
    expect(entities[1]).not.toHaveProperty('flags');
  });

  test('asked for nobody is an empty answer', async () => {
    const { reader } = await setUp([]);
    expect(await reader.readGroup('user_sales', [])).toEqual({ asOf: now, entities: [] });
  });
});
