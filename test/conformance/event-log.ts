import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EventLog, LogRecord } from '../../lib/runtime/ports.ts';
import { bytes, type Subject, text } from './harness.ts';

export interface EventLogSubject extends Subject<EventLog> {
  /** Sets the clock that stamps arrivals, also back. */
  setClock(time: number): void;
}

export interface EventLogCapabilities {
  /** How many shards the subject's stream has: two at least. */
  readonly shards: number;
}

export function eventLogConformance(
  name: string,
  make: () => Promise<EventLogSubject>,
  { shards }: EventLogCapabilities,
): void {
  describe(`event log: ${name}`, () => {
    let subject: EventLogSubject;
    let log: EventLog;
    beforeEach(async () => {
      subject = await make();
      log = subject.adapter;
      subject.setClock(1_000);
    });
    afterEach(() => subject.dispose());

    const append = (key: string, ...events: string[]) =>
      log.append(events.map(event => ({ partitionKey: key, data: bytes(event) })));

    async function readAll(): Promise<LogRecord[]> {
      const records: LogRecord[] = [];
      for (const shard of log.shards) records.push(...(await log.read(shard, null, 10_000)));
      return records;
    }

    async function shardOf(key: string): Promise<string> {
      await append(key, `probe ${key}`);
      return (await readAll()).find(record => text(record.data) === `probe ${key}`)!.shard;
    }

    test('has distinct shards, all empty at first', async () => {
      expect(new Set(log.shards).size).toBe(shards);
      expect(await readAll()).toEqual([]);
    });

    test('gives back what was appended, byte for byte', async () => {
      const data = Uint8Array.from({ length: 256 }, (_, i) => i);
      await log.append([{ partitionKey: 'a', data }]);
      const [record] = await readAll();
      expect([...record!.data]).toEqual([...data]);
      expect(record!.arrivalTime).toBe(1_000);
    });

    test('an append gives its records in the order of its events', async () => {
      const keys = Array.from({ length: 20 }, (_, i) => `user ${i}`);
      const appended = await log.append(keys.map(key => ({ partitionKey: key, data: bytes(key) })));
      expect(appended.map(record => text(record.data))).toEqual(keys);
      const placeOf = ({ shard, sequence }: LogRecord) => `${shard}/${sequence}`;
      expect(appended.map(placeOf).sort()).toEqual((await readAll()).map(placeOf).sort());
    });

    test('takes an empty append and empty data', async () => {
      expect(await log.append([])).toEqual([]);
      await append('a', '');
      expect((await readAll()).map(record => record.data.length)).toEqual([0]);
    });

    test('equal keys share a shard, in the order of their appends', async () => {
      await append('a', '1', '2');
      await append('a', '3');
      const records = await readAll();
      expect(records.map(record => text(record.data))).toEqual(['1', '2', '3']);
      expect(new Set(records.map(record => record.shard)).size).toBe(1);
    });

    test('spreads many keys over all shards', async () => {
      await log.append(
        Array.from({ length: 400 }, (_, i) => ({ partitionKey: `user ${i}`, data: bytes('x') })),
      );
      for (const shard of log.shards) {
        expect((await log.read(shard, null, 1_000)).length).toBeGreaterThan(200 / shards);
      }
    });

    test('sequence numbers rise within a shard, over a reopening too', async () => {
      await append('a', '1', '2');
      log = await subject.reopen();
      await append('a', '3');
      const sequences = (await readAll()).map(record => record.sequence);
      expect(sequences).toHaveLength(3);
      expect(sequences[1]! > sequences[0]! && sequences[2]! > sequences[1]!).toBe(true);
    });

    test.each([
      { after: 0, limit: 2, expected: ['2', '3'] },
      { after: 0, limit: 100, expected: ['2', '3', '4', '5'] },
      { after: 4, limit: 10, expected: [] },
      { after: null, limit: 1, expected: ['1'] },
      { after: null, limit: 0, expected: [] },
    ])('reads $limit after record $after', async ({ after, limit, expected }) => {
      await append('a', '1', '2', '3', '4', '5');
      const records = await readAll();
      const shard = records[0]!.shard;
      const read = await log.read(shard, after === null ? null : records[after]!.sequence, limit);
      expect(read.map(record => text(record.data))).toEqual(expected);
    });

    test('arrival never decreases when the clock is set back, over a reopening too', async () => {
      subject.setClock(5_000);
      await append('a', '1');
      subject.setClock(2_000);
      await append('a', '2');
      log = await subject.reopen();
      subject.setClock(3_000);
      await append('a', '3');
      subject.setClock(6_000);
      await append('a', '4');
      expect((await readAll()).map(record => record.arrivalTime)).toEqual([5_000, 5_000, 5_000, 6_000]);
    });

    test('one arrival clock for all shards', async () => {
      subject.setClock(9_000);
      const first = await shardOf('a');
      let key = 0;
      while ((await shardOf(`${key}`)) === first) key++;
      subject.setClock(1_000);
      await append(`${key}`, 'late');
      expect((await readAll()).every(record => record.arrivalTime === 9_000)).toBe(true);
    });

    test('stamps the arrival that an append brings, never below the latest', async () => {
      const event = (arrivalTime: number) => ({ partitionKey: 'a', data: bytes('x'), arrivalTime });
      await log.append([event(500), event(700), event(600)]);
      expect((await readAll()).map(record => record.arrivalTime)).toEqual([500, 700, 700]);
      await append('a', 'by the clock');
      await log.append([event(800)]);
      expect((await readAll()).map(record => record.arrivalTime)).toEqual([500, 700, 700, 1_000, 1_000]);
    });

    test('reads the same just after the append and later, from any record on', async () => {
      await append('a', '1', '2');
      await append('a', '3', '4', '5');
      const [{ shard }] = (await readAll()) as [LogRecord];
      const readFrom = async (after: LogRecord['sequence'] | null, limit: number) =>
        (await log.read(shard, after, limit)).map(record => ({ ...record, data: text(record.data) }));
      const sequences = (await readAll()).map(record => record.sequence);
      const cases = [null, ...sequences].flatMap(after => [1, 2, 10].map(limit => ({ after, limit })));
      const before = await Promise.all(cases.map(({ after, limit }) => readFrom(after, limit)));
      log = await subject.reopen();
      expect(await Promise.all(cases.map(({ after, limit }) => readFrom(after, limit)))).toEqual(before);
      expect(before.map(records => records.length)).toEqual([
        1, 2, 5, 1, 2, 4, 1, 2, 3, 1, 2, 2, 1, 1, 1, 0, 0, 0,
      ]);
    });

    test('keeps its incarnation and its records', async () => {
      await append('a', '1');
      const { incarnation } = log;
      log = await subject.reopen();
      expect(log.incarnation).toBe(incarnation);
      expect((await readAll()).map(record => text(record.data))).toEqual(['1']);
    });

    test('another stream is another incarnation', async () => {
      const other = await make();
      expect(other.adapter.incarnation).not.toBe(log.incarnation);
      await other.dispose();
    });

    test('keeps a checkpoint with the events it stands for', async () => {
      expect(await log.readCheckpoint('file')).toBeNull();
      await log.append([{ partitionKey: 'a', data: bytes('1') }], {
        checkpoint: { source: 'file', state: 'line 1' },
      });
      await log.append([], { checkpoint: { source: 'file', state: 'line 2, über' } });
      await log.append([], { checkpoint: { source: 'file 2', state: 'other' } });
      log = await subject.reopen();
      expect(await log.readCheckpoint('file')).toBe('line 2, über');
      expect(await log.readCheckpoint('file 2')).toBe('other');
    });

    describe('truncate', () => {
      /** Five records in one shard, arrived at 1000, 2000, … 5000. */
      async function fill(): Promise<LogRecord[]> {
        for (const n of [1, 2, 3, 4, 5]) {
          subject.setClock(n * 1_000);
          await append('a', `${n}`);
        }
        return readAll();
      }

      test.each([
        { time: 0, processed: 5, kept: ['1', '2', '3', '4', '5'] },
        { time: 1_000, processed: 5, kept: ['1', '2', '3', '4', '5'] },
        { time: 1_001, processed: 5, kept: ['2', '3', '4', '5'] },
        { time: 3_000, processed: 5, kept: ['3', '4', '5'] },
        { time: 9_000, processed: 5, kept: [] },
        { time: 9_000, processed: 2, kept: ['3', '4', '5'] },
        { time: 2_000, processed: 4, kept: ['2', '3', '4', '5'] },
      ])('before $time, $processed processed: keeps $kept', async ({ time, processed, kept }) => {
        const records = await fill();
        await log.truncate(time, new Map([[records[0]!.shard, records[processed - 1]!.sequence]]));
        expect((await readAll()).map(record => text(record.data))).toEqual(kept);
        log = await subject.reopen();
        expect((await readAll()).map(record => text(record.data))).toEqual(kept);
      });

      test('keeps a shard of which nothing is known to be processed', async () => {
        const records = await fill();
        await log.truncate(9_000, new Map());
        expect(await readAll()).toHaveLength(records.length);
      });

      test('leaves the other shards alone', async () => {
        const [record] = await fill();
        let key = 0;
        while ((await shardOf(`${key}`)) === record!.shard) key++;
        await log.truncate(9_000, new Map([[record!.shard, record!.sequence]]));
        expect((await readAll()).map(r => text(r.data))).toContain(`probe ${key}`);
      });

      test('never gives a sequence number or a time again, even with nothing left', async () => {
        const records = await fill();
        const { shard, sequence } = records[4]!;
        await log.truncate(9_000, new Map([[shard, sequence]]));
        log = await subject.reopen();
        subject.setClock(1_000);
        await append('a', '6');
        const [next] = await log.read(shard, null, 10);
        expect(next!.sequence > sequence).toBe(true);
        expect(next!.arrivalTime).toBe(5_000);
        expect(await log.read(shard, sequence, 10)).toHaveLength(1);
      });

      test('again and again, between appends', async () => {
        for (let round = 1; round <= 5; round++) {
          subject.setClock(round * 1_000);
          await append('a', `${round}`);
          const records = await readAll();
          const { shard, sequence } = records.at(-1)!;
          await log.truncate(round * 1_000, new Map([[shard, sequence]]));
          expect((await readAll()).map(record => text(record.data))).toEqual([`${round}`]);
        }
      });
    });
  });
}
