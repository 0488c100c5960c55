import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Quarantine, QuarantinedEvent } from '../../lib/runtime/ports.ts';
import { bytes, type Subject, text } from './harness.ts';

/** What a store cannot do. */
export interface QuarantineLimits {
  /** An event put again for another reason is counted, and found, under both; a listing of all has it once. */
  readonly keepsBothReasons?: boolean;
}

export function quarantineConformance(
  name: string,
  make: () => Promise<Subject<Quarantine>>,
  { keepsBothReasons = false }: QuarantineLimits = {},
): void {
  describe(`quarantine: ${name}`, () => {
    let subject: Subject<Quarantine>;
    let quarantine: Quarantine;
    beforeEach(async () => {
      subject = await make();
      quarantine = subject.adapter;
    });
    afterEach(() => subject.dispose());

    const at = (sequence: number | bigint, index = 0, shard = 'shard-000') => ({ shard, sequence, index });
    const event = (
      position: QuarantinedEvent['position'],
      rest: Partial<QuarantinedEvent> = {},
    ): QuarantinedEvent => ({
      stream: 'clicks',
      position,
      arrivalTime: 1_000,
      reason: 'schema',
      detail: 'field price: expected float, got "abc"',
      payload: bytes('{"price":"abc"}'),
      ...rest,
    });
    const positions = async (filter: Parameters<Quarantine['list']>[0]) =>
      (await quarantine.list(filter)).map(({ position: p }) => `${p.sequence}/${p.index}`);

    test('gives back an event with all that was put, under an id', async () => {
      const payload = Uint8Array.of(0, 255, 10, 128);
      const put = event(at(3, 1), { reason: 'bad-encoding', detail: 'byte 1: ünvalid', payload });
      await quarantine.put([put]);
      quarantine = await subject.reopen();
      const [{ id, ...listed }] = (await quarantine.list({ limit: 10 })) as [
        QuarantinedEvent & { id: string },
      ];
      expect({ ...listed, payload: [...listed.payload] }).toEqual({ ...put, payload: [...payload] });
      const got = await quarantine.get(id);
      expect({ ...got, payload: text(got!.payload) }).toEqual({
        ...listed,
        id,
        payload: text(listed.payload),
      });
    });

    test.each([
      '',
      'no id',
      'clicks/shard-000/3',
      'clicks/shard-000/4/0',
      'x/shard-000/3/0',
      '%/%/3/0',
      'clicks/shard-000/03/x',
    ])('knows nothing of %j', async id => {
      await quarantine.put([event(at(3))]);
      expect(await quarantine.get(id)).toBeNull();
    });

    test('an event put again is there once, as put last', async () => {
      await quarantine.put([event(at(3)), event(at(4))]);
      await quarantine.put([event(at(3), { detail: 'again' }), event(at(3), { detail: 'last' })]);
      const listed = await quarantine.list({ limit: 10 });
      expect(listed.map(e => e.detail)).toEqual(['last', event(at(4)).detail]);
      expect(await quarantine.count()).toEqual(new Map([['schema', 2]]));
    });

    test('an event put again for another reason is there once, and forgotten as one', async () => {
      await quarantine.put([event(at(3)), event(at(4))]);
      await quarantine.count();
      await quarantine.put([
        event(at(3), { reason: 'no-key', detail: 'none' }),
        event(at(3), { reason: 'late' }),
      ]);
      const listed = await quarantine.list({ limit: 10 });
      expect(listed.map(e => e.position.sequence)).toEqual([3, 4]);
      expect(await positions({ reason: 'late', limit: 10 })).toEqual(['3/0']);
      if (!keepsBothReasons) {
        expect(listed.map(e => e.reason)).toEqual(['late', 'schema']);
        expect(await quarantine.count()).toEqual(
          new Map([
            ['late', 1],
            ['schema', 1],
          ]),
        );
      }
      await quarantine.remove([listed[0]!.id]);
      expect(await positions({ limit: 10 })).toEqual(['4/0']);
      expect(await quarantine.count()).toEqual(new Map([['schema', 1]]));
    });

    test('lists in the order of positions', async () => {
      const order = [at(2), at(9), at(9, 1), at(9, 10), at(10), at(2n ** 60n), at(10n ** 55n)];
      await quarantine.put([...order].reverse().map(position => event(position)));
      expect(await positions({ limit: 10 })).toEqual(order.map(p => `${p.sequence}/${p.index}`));
      expect(await positions({ limit: 2 })).toEqual(['2/0', '9/0']);
      expect(await positions({ limit: 0 })).toEqual([]);
    });

    test('keeps the kind of a sequence number', async () => {
      await quarantine.put([event(at(5)), event(at(6n))]);
      const listed = await quarantine.list({ limit: 10 });
      expect(listed.map(e => e.position.sequence)).toEqual([5, 6n]);
    });

    test('filters by stream and reason', async () => {
      await quarantine.put([
        event(at(1)),
        event(at(2), { reason: 'late' }),
        event(at(3), { stream: 'clicks2' }),
        event(at(4), { stream: 'clicks2', reason: 'late' }),
      ]);
      expect(await positions({ stream: 'clicks', limit: 10 })).toEqual(['1/0', '2/0']);
      expect(await positions({ reason: 'late', limit: 10 })).toEqual(['2/0', '4/0']);
      expect(await positions({ stream: 'clicks2', reason: 'late', limit: 10 })).toEqual(['4/0']);
      expect(await positions({ stream: 'click', limit: 10 })).toEqual([]);
    });

    test('counts by reason', async () => {
      expect(await quarantine.count()).toEqual(new Map());
      await quarantine.put([event(at(1)), event(at(2)), event(at(3), { reason: 'late' })]);
      const expected = new Map([
        ['schema', 2],
        ['late', 1],
      ]);
      expect(await quarantine.count()).toEqual(expected);
      quarantine = await subject.reopen();
      expect(await quarantine.count()).toEqual(expected);
    });

    test('forgets what is removed', async () => {
      await quarantine.put([event(at(1)), event(at(2)), event(at(3), { reason: 'late' })]);
      await quarantine.count();
      const [first, second] = await quarantine.list({ limit: 2 });
      await quarantine.remove([first!.id, second!.id, first!.id, 'no id', 'clicks/shard-000/99/0']);
      expect(await quarantine.count()).toEqual(new Map([['late', 1]]));
      await quarantine.remove([]);
      quarantine = await subject.reopen();
      expect(await positions({ limit: 10 })).toEqual(['3/0']);
      expect(await quarantine.get(first!.id)).toBeNull();
      expect(await quarantine.count()).toEqual(new Map([['late', 1]]));
    });

    test('takes nothing', async () => {
      await quarantine.put([]);
      expect(await quarantine.list({ limit: 10 })).toEqual([]);
    });
  });
}
