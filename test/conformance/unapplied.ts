import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { UnappliedEvent, UnappliedStore } from '../../lib/runtime/ports.ts';
import { bytes, type Subject, text } from './harness.ts';

export function unappliedConformance(name: string, make: () => Promise<Subject<UnappliedStore>>): void {
  describe(`unapplied events: ${name}`, () => {
    let subject: Subject<UnappliedStore>;
    let unapplied: UnappliedStore;
    beforeEach(async () => {
      subject = await make();
      unapplied = subject.adapter;
    });
    afterEach(() => subject.dispose());

    const at = (sequence: number | bigint, index = 0, shard = 'shard-000') => ({ shard, sequence, index });
    const event = (
      position: UnappliedEvent['position'],
      rest: Partial<UnappliedEvent> = {},
    ): UnappliedEvent => ({
      stream: 'clicks',
      incarnation: 'clicks-1',
      position,
      arrivalTime: 1_000,
      table: 'user_clicks@1',
      key: 'u1',
      fault: 'u1#fault-1',
      reason: 'corrupt',
      detail: 'row codec 9',
      payload: bytes('{"user":"u1"}'),
      ...rest,
    });
    const listed = async (filter: Parameters<UnappliedStore['list']>[0]) =>
      (await unapplied.list(filter)).map(({ table, key, position: p }) => `${table} ${key} ${p.sequence}`);

    test('come back with all that was put, under an id', async () => {
      const payload = Uint8Array.of(0, 255, 10, 128);
      const put = [
        event(at(10n ** 55n, 2), { key: 'a/ñ 漢字 🙂\0x', payload }),
        event(at(3), { key: 'z', fault: null, reason: 'crash', detail: 'é' }),
      ];
      await unapplied.put(put);
      unapplied = await subject.reopen();
      const found = await unapplied.list({ limit: 10 });
      expect(new Set(found.map(({ id }) => id)).size).toBe(2);
      expect(found.map(({ id: _, ...rest }) => ({ ...rest, payload: [...rest.payload] }))).toEqual(
        put.map(one => ({ ...one, payload: [...one.payload] })),
      );
    });

    test('are there once, as put last, whoever puts them', async () => {
      await unapplied.put([event(at(3)), event(at(3), { detail: 'again' })]);
      await unapplied.put([event(at(3), { payload: bytes('last') })]);
      const [only, ...others] = await unapplied.list({ limit: 10 });
      expect([text(only!.payload), others]).toEqual(['last', []]);
    });

    test.each<[string, Partial<UnappliedEvent>]>([
      ['table', { table: 'user_clicks@2' }],
      ['row', { key: 'u2' }],
      ['fault', { fault: 'u1#fault-2' }],
      ['fault, where one is none', { fault: null, reason: 'crash' }],
      ['life of the stream', { incarnation: 'clicks-2' }],
      ['shard', { position: at(3, 0, 'shard-001') }],
      ['sequence', { position: at(4) }],
      ['index', { position: at(3, 1) }],
    ])('are others with another %s', async (_, other) => {
      await unapplied.put([event(at(3)), event(at(3), other)]);
      expect(await unapplied.list({ limit: 10 })).toHaveLength(2);
    });

    test('are listed by table and row, of a row in the order of positions', async () => {
      await unapplied.put([
        event(at(10)),
        event(at(9), { key: 'u2' }),
        event(at(2)),
        event(at(1), { table: 'item_clicks@1', key: 'u1' }),
        event(at(7), { key: 'u' }),
      ]);
      expect(await listed({ limit: 10 })).toEqual([
        'item_clicks@1 u1 1',
        'user_clicks@1 u 7',
        'user_clicks@1 u1 2',
        'user_clicks@1 u1 10',
        'user_clicks@1 u2 9',
      ]);
      expect(await listed({ limit: 2 })).toEqual(['item_clicks@1 u1 1', 'user_clicks@1 u 7']);
      expect(await listed({ limit: 10, table: 'user_clicks@1', key: 'u1' })).toEqual([
        'user_clicks@1 u1 2',
        'user_clicks@1 u1 10',
      ]);
      expect(await listed({ limit: 10, table: 'user' })).toEqual([]);
    });

    test('are counted by reason, and forgotten by id', async () => {
      expect(await unapplied.count()).toEqual(new Map());
      await unapplied.put([event(at(1)), event(at(2)), event(at(3), { fault: null, reason: 'crash' })]);
      expect(await unapplied.count()).toEqual(
        new Map([
          ['corrupt', 2],
          ['crash', 1],
        ]),
      );
      const [first] = await unapplied.list({ limit: 1 });
      await unapplied.remove([first!.id, 'none']);
      unapplied = await subject.reopen();
      expect(await listed({ limit: 10 })).toEqual(['user_clicks@1 u1 2', 'user_clicks@1 u1 3']);
    });
  });
}
