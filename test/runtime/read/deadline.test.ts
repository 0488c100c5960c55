import { describe, expect, test } from 'vitest';
import type { StateStore } from '../../../lib/runtime/ports.ts';
import { context, minute, now, setUp } from './sales.ts';

describe('a deadline', () => {
  const never = new Promise<never>(() => {});

  test('fails what has not come by then, and answers the rest', async () => {
    const { reader } = await setUp([{}], {
      before: (_, table) => (table === 'item_sales@1' ? never : undefined),
    });
    const { entities } = await reader.readService('ranking', [{ user: 'u1', item: 'i1' }], {
      context,
      deadlineMs: 10,
    });
    expect(entities[0]).toMatchObject({
      status: 'failed',
      error: 'table item_sales@1, row i1: not read within the deadline of 10 ms',
      values: { sales_24h: 1, item_sales_24h: null, pair_sales_24h: 1, sales_sum: null },
    });
  });

  test('holds for runs too: rows that have none are answered', async () => {
    const late: StateStore['readRuns'] = () => never;
    const many = Array.from({ length: 600 }, (_, i) => ({ weight: i / 7, ts: now - i * 2 * minute }));
    const { over, store } = await setUp([...many, { user: 'u2' }], {}, { headBytes: 256, runBytes: 4096 });
    const keys = [{ user: 'u1' }, { user: 'u2' }];
    const whole = await over(store).readGroup('user_sales', keys, { deadlineMs: 60_000 });
    expect(whole.entities.map(e => e.status)).toEqual(['known', 'known']);
    const { entities } = await over({ ...store, readRuns: late }).readGroup('user_sales', keys, {
      deadlineMs: 10,
    });
    expect(entities.map(e => e.status)).toEqual(['failed', 'known']);
  });

  test('that has passed unnoticed is no error later', async () => {
    const { reader } = await setUp([{}]);
    const { entities } = await reader.readGroup('user_sales', [{ user: 'u1' }], { deadlineMs: 1 });
    await new Promise(resolve => setTimeout(resolve, 5));
    expect(entities[0]!.status).toBe('known');
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])(
    'is milliseconds, and not %d',
    async ms => {
      const { reader, store } = await setUp([]);
      const request = reader.readGroup('user_sales', [{ user: 'u1' }], { deadlineMs: ms });
      await expect(request).rejects.toMatchObject({ name: 'ReadRequestError', code: 'bad-time' });
      expect(store.counts.reads).toBe(0);
    },
  );
});
