import { describe, expect, test } from 'vitest';
import { ReadRequestError } from '../../../lib/runtime/read.ts';
import { context, minute, now, ranking, setUp } from './sales.ts';

describe('a service', () => {
  test('is a vector: picks in their order under their names, then what is computed on demand', async () => {
    const { reader } = await setUp([{ price: 2 }, { price: 4 }, { user: 'u2', price: 10 }]);
    const { entities } = await reader.readService('ranking', [{ user: 'u1', item: 'i1' }], {
      context: { price: 6, hour: 3, sales_24h: 40 },
    });
    expect(entities).toEqual([
      {
        status: 'known',
        values: {
          sales_24h: 2,
          spent_24h: 6,
          items_24h: ['i1'],
          by_item_24h: { i1: 2 },
          mean: 3,
          item_sales_24h: 3,
          item_spent_24h: 16,
          pair_sales_24h: 2,
          price_to_mean: 2,
          is_cheap: true,
          sales_sum: 42,
          night: true,
          known_sales: 3,
          no_counts: false,
        },
      },
    ]);
    expect(Object.keys(entities[0]!.values)).toEqual([
      ...ranking.plan.features.map(f => f.name),
      ...ranking.plan.onDemand.map(f => f.name),
    ]);
  });

  test('reads each of its groups once for all entities, and each row once however many share it', async () => {
    const { reader, store } = await setUp([{}, { user: 'u2', item: 'i2' }]);
    const keys = ['u1', 'u2', 'u3'].flatMap(u => ['i1', 'i2'].map(i => ({ user: u, item: i })));
    const { entities } = await reader.readService('ranking', keys, { context });
    expect(store.counts).toMatchObject({ reads: 3, rowsRead: 3 + 2 + 6 });
    expect(entities.map(e => e.values.pair_sales_24h)).toEqual([1, 0, 0, 1, 0, 0]);
    expect(entities.map(e => e.values.item_sales_24h)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test('is known if one of its rows is; null context makes null, unless told otherwise', async () => {
    const { reader } = await setUp([{ price: null }]);
    const { entities } = await reader.readService(
      'ranking',
      [
        { user: 'u1', item: 'other' },
        { user: 'nobody', item: 'other' },
      ],
      { context },
    );
    expect(entities.map(e => e.status)).toEqual(['known', 'unknown']);
    expect(entities[0]!.values).toMatchObject({
      spent_24h: 0,
      item_spent_24h: null,
      price_to_mean: null,
      is_cheap: null,
      sales_sum: 101,
      night: null,
    });
  });

  test('passes flags on under the names of the vector', async () => {
    const { reader } = await setUp(['i1', 'i2', 'i3'].map(bought => ({ item: bought })));
    const { entities } = await reader.readService('ranking', [{ user: 'u1', item: 'i1' }], { context });
    expect(entities[0]!.flags).toEqual({ items_24h: 'overflow' });
  });

  test.each<[Record<string, unknown>, string]>([
    [{ sales_24h: 1 }, 'service ranking needs context field price (decimal), got none'],
    [{ ...context, price: null }, 'service ranking needs context field price (decimal), got null'],
    [{ ...context, price: 'dear' }, 'service ranking needs context field price (decimal), got "dear"'],
    [{ ...context, price: 0.001 }, 'service ranking needs context field price (decimal), got 0.001'],
    [
      { ...context, price: 10n ** 30n },
      'service ranking needs context field price (decimal), got 1000000000000000000000000000000',
    ],
    [{ ...context, price: [1] }, 'service ranking needs context field price (decimal), got a list of 1'],
    [{ ...context, hour: {} }, 'service ranking needs context field hour (int), got an object'],
    [{ ...context, hour: 1.5 }, 'service ranking needs context field hour (int), got 1.5'],
    [
      { ...context, colour: 'blue' },
      'service ranking takes no context field colour; it takes price, hour, sales_24h',
    ],
    [{ ...context, toString: 1 }, 'service ranking takes no context field toString'],
  ])('refuses a context that does not fit: %#', async (given, message) => {
    const { reader } = await setUp([]);
    const request = reader.readService('ranking', [{ user: 'u1', item: 'i1' }], { context: given });
    await expect(request).rejects.toThrow(ReadRequestError);
    await expect(request).rejects.toThrow(message);
  });
});

test('what is not in the Plan is refused by name', async () => {
  const { reader } = await setUp([]);
  await expect(reader.readGroup('user_sale', [])).rejects.toThrow(
    'there is no feature group user_sale; there is account_sales, item_sales, pair_sales, user_sales',
  );
  await expect(reader.readService('toString', [])).rejects.toThrow(
    'there is no feature service toString; there is ranking',
  );
});

test.each<[string, object, string]>([
  ['nothing', {}, 'not-found'],
  ['ranking', { keys: [{ user: 'u1' }] }, 'bad-key'],
  ['ranking', { context: {} }, 'bad-context'],
  ['ranking', { asOf: 0.5 }, 'bad-time'],
  ['ranking', { asOf: now - minute }, 'past-time'],
])(
  'what is refused of %s with %j has the code %s',
  async (name, { keys, ...options }: { keys?: [] }, code) => {
    const { reader } = await setUp([{}]);
    const request = reader.readService(name, keys ?? [{ user: 'u1', item: 'i1' }], { context, ...options });
    await expect(request).rejects.toMatchObject({ name: 'ReadRequestError', code });
  },
);
