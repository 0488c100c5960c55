import { describe, expect, test } from 'vitest';
import { compileGroup, decodeRow, encodeRow } from '../../../lib/kernel/index.ts';
import { StoreError } from '../../../lib/runtime/errors.ts';
import { context, minute, now, plan, setUp, userSales } from './sales.ts';

describe('a row that cannot be read', () => {
  const nulls = Object.fromEntries(
    [...userSales.plan.features, ...userSales.plan.derived].map(f => [f.name, null]),
  );

  test.each([
    ['throttled', 'too many requests'],
    ['unavailable', 'the table is away'],
    ['corrupt', 'bad block'],
  ] as const)('fails each entity of the call: %s', async (reason, message) => {
    const { reader } = await setUp([{}], {
      before: () => {
        throw new StoreError(reason, message);
      },
    });
    const { asOf, entities } = await reader.readGroup('user_sales', [{ user: 'u1' }, { user: 'nobody' }]);
    expect(asOf).toBe(now);
    expect(entities).toEqual(
      ['u1', 'nobody'].map(key => ({
        status: 'failed',
        values: nulls,
        error: `table user_sales@1, row ${key}: ${message}`,
      })),
    );
  });

  test('is no excuse for a mistake of the program', async () => {
    const { reader } = await setUp([{}], {
      before: () => {
        throw new TypeError('undefined is not a function');
      },
    });
    await expect(reader.readGroup('user_sales', [{ user: 'u1' }])).rejects.toThrow(TypeError);
  });

  test.each<[string, (bytes: Uint8Array) => Uint8Array, string]>([
    ['empty', () => Uint8Array.of(), 'bytes end at 0, more were expected after 0'],
    ['cut off', bytes => bytes.subarray(0, 5), 'bytes end at 5'],
    ['too long', bytes => Uint8Array.of(...bytes, 0), 'state: 1 bytes after its end'],
    ['of no codec', bytes => Uint8Array.of(0, ...bytes.subarray(1)), 'row codec 0: there is none'],
    [
      'of a newer codec',
      bytes => Uint8Array.of(3, ...bytes.subarray(1)),
      'row codec 3: this code reads up to 2; run a newer release',
    ],
  ])('fails alone: %s', async (_, damage, message) => {
    const { reader, memory } = await setUp([{}, { user: 'u2' }]);
    const rows = memory.rows.get('user_sales@1')!;
    const row = rows.get('u1')!;
    rows.set('u1', { ...row, bytes: damage(row.bytes) });
    const keys = ['u1', 'u2', 'nobody'].map(u => ({ user: u }));
    const { entities } = await reader.readGroup('user_sales', keys);
    expect(entities.map(e => e.status)).toEqual(['failed', 'known', 'unknown']);
    expect(entities[0]).toEqual({
      status: 'failed',
      values: nulls,
      error: expect.stringContaining(`table user_sales@1, row u1: ${message}`),
    });
  });

  test('does not decide the time of the others', async () => {
    const { reader, memory } = await setUp([{ ts: now }, { user: 'u2', ts: now - minute }]);
    const keys = [{ user: 'u1' }, { user: 'u2' }];
    expect((await reader.readGroup('user_sales', keys)).asOf).toBe(now + 1);
    const rows = memory.rows.get('user_sales@1')!;
    const row = rows.get('u1')!;
    rows.set('u1', { ...row, bytes: row.bytes.subarray(0, -1) });
    const { asOf, entities } = await reader.readGroup('user_sales', keys);
    expect(asOf).toBe(now);
    expect(entities.map(e => e.status)).toEqual(['failed', 'known']);
  });

  test('fails alone where only its closed tiles are damaged, which finishing it finds out', async () => {
    const { reader, memory } = await setUp([{ ts: now - 30 * minute }, {}, { user: 'u2' }]);
    const kernel = compileGroup(plan, userSales.plan);
    const rows = memory.rows.get('user_sales@1')!;
    const stored = rows.get('u1')!;
    const row = decodeRow(kernel, stored.bytes);
    const closed = row.state.encoded0!;
    row.state.encoded0 = { ...closed, to: closed.to - 1 };
    rows.set('u1', { ...stored, bytes: encodeRow(kernel, row) });
    const { entities } = await reader.readGroup('user_sales', [{ user: 'u1' }, { user: 'u2' }]);
    expect(entities.map(e => e.status)).toEqual(['failed', 'known']);
    expect(entities[0]!.error).toMatch(/^table user_sales@1, row u1: closed tiles end at/);
  });

  test('makes its vectors failed, with the values of the other groups and nothing computed', async () => {
    const { reader } = await setUp([{ price: 2 }], {
      before: (_, table) => {
        if (table === 'item_sales@1') throw new StoreError('throttled', 'too many requests');
      },
    });
    const { entities } = await reader.readService('ranking', [{ user: 'u1', item: 'i1' }], { context });
    expect(entities).toEqual([
      {
        status: 'failed',
        error: 'table item_sales@1, row i1: too many requests',
        values: {
          sales_24h: 1,
          spent_24h: 2,
          items_24h: ['i1'],
          by_item_24h: { i1: 1 },
          mean: 2,
          item_sales_24h: null,
          item_spent_24h: null,
          pair_sales_24h: 1,
          price_to_mean: null,
          is_cheap: null,
          sales_sum: null,
          night: null,
          known_sales: null,
          no_counts: null,
        },
      },
    ]);
  });
});
