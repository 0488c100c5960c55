import { describe, expect, test } from 'vitest';
import { ReadRequestError } from '../../../lib/runtime/read.ts';
import { context, minute, now, setUp } from './sales.ts';

describe('the query time', () => {
  const key = [{ user: 'u1' }];

  test('is the clock, where that is past every event', async () => {
    const { reader, setClock } = await setUp([{ ts: now - minute }]);
    setClock(now + 5);
    expect((await reader.readGroup('user_sales', key)).asOf).toBe(now + 5);
  });

  test.each([-1000, -1, 0])(
    'is a millisecond past the newest event, where the clock is %i ms off',
    async off => {
      const { reader, setClock } = await setUp([{ ts: now }]);
      setClock(now + off);
      const { asOf, entities } = await reader.readGroup('user_sales', key);
      expect(asOf).toBe(now + 1);
      expect(entities[0]!.values.sales_1h).toBe(1);
    },
  );

  test('is one for all entities, and for all groups of a service', async () => {
    const { reader, setClock } = await setUp([
      { user: 'u1', item: 'i1', ts: now - 2 * 60 * minute },
      { user: 'u2', item: 'i2', ts: now },
    ]);
    setClock(now - 70 * minute);
    const group = await reader.readGroup('user_sales', [{ user: 'u1' }, { user: 'u2' }]);
    expect(group.asOf).toBe(now + 1);
    // By the clock alone, u1's sale would lie within the hour.
    expect(group.entities.map(e => e.values.sales_1h)).toEqual([0, 1]);
    const vector = await reader.readService('ranking', [{ user: 'u1', item: 'i2' }], { context });
    expect(vector.asOf).toBe(now + 1);
  });

  test('may be named, if it is past the newest event of every row', async () => {
    const { reader } = await setUp([{ ts: now - minute }, { user: 'u2', ts: now }]);
    const at = (asOf: number, keys: { user: string }[] = key) =>
      reader.readGroup('user_sales', keys, { asOf });
    expect((await at(now - minute + 1)).asOf).toBe(now - minute + 1);
    expect((await at(now + 59 * minute)).entities[0]!.values.sales_1h).toBe(1);
    expect((await at(now + 65 * minute)).entities[0]!.values.sales_1h).toBe(0);
    await expect(at(now - minute)).rejects.toThrow(
      new ReadRequestError(
        'past-time',
        'asOf 2024-05-01T11:59:00.000Z is not past the newest event read, 2024-05-01T11:59:00.000Z: ' +
          'rows answer for now; past times are answered from the archive',
      ),
    );
    await expect(at(now, [...key, { user: 'u2' }])).rejects.toThrow(ReadRequestError);
    expect((await at(now - minute, [{ user: 'nobody' }])).asOf).toBe(now - minute);
  });

  test.each([Number.NaN, 1.5, Number.POSITIVE_INFINITY, 2 ** 60])(
    'is whole milliseconds, and not %d',
    async asOf => {
      const { reader } = await setUp([]);
      await expect(reader.readGroup('user_sales', key, { asOf })).rejects.toThrow(
        `asOf must be whole milliseconds since 1970, got ${asOf}`,
      );
    },
  );
});
