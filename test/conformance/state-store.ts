import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RowWrite, ShardPosition, StateStore, WriteOutcome } from '../../lib/runtime/ports.ts';
import { bytes, collect, type Subject, text } from './harness.ts';

/** `rows`: how many are many; fewer where each is a request. `watches`: whether it has `watch`. */
export function stateStoreConformance(
  name: string,
  make: () => Promise<Subject<StateStore>>,
  { rows: many = 3_000, watches = false }: { readonly rows?: number; readonly watches?: boolean } = {},
): void {
  describe(`state store: ${name}`, () => {
    let subject: Subject<StateStore>;
    let store: StateStore;
    beforeEach(async () => {
      subject = await make();
      store = subject.adapter;
    });
    afterEach(() => subject.dispose());

    const row = (
      key: string,
      expected: number,
      version: number,
      content = `${key}@${version}`,
    ): RowWrite => ({
      key,
      expected,
      version,
      bytes: bytes(content),
    });
    const readText = async (table: string, ...keys: string[]) =>
      (await store.read(table, keys)).map(r => (r === null ? null : `${r.version}: ${text(r.bytes)}`));

    test(`${watches ? 'watches' : 'does not watch'} rows`, () => {
      expect(typeof store.watch).toBe(watches ? 'function' : 'undefined');
    });

    const aWatch = () => {
      const watch = (key: string) => store.watch!(key);

      test('is told of a row that is new, or another one, in any table', async () => {
        for (const write of [row('a', 0, 1), row('a', 1, 2)]) {
          const [a, b] = [watch('a'), watch('b')];
          await store.write('t', [write]);
          expect([a.hasChanged, b.hasChanged]).toEqual([true, false]);
        }
        const [a, b] = [watch('a'), watch('b')];
        await store.write('t2', [row('b', 0, 1)]);
        expect([a.hasChanged, b.hasChanged]).toEqual([false, true]);
      });

      test('is not told of reads, of writes that lose, and of what was written before', async () => {
        await store.write('t', [row('a', 0, 5)]);
        const watching = watch('a');
        await store.read('t', ['a', 'b']);
        expect(await store.write('t', [row('a', 4, 6)])).toEqual(['conflict']);
        expect(watching.hasChanged).toBe(false);
        await store.write('t', [row('a', 4, 6), row('a2', 0, 6)]);
        expect(watching.hasChanged).toBe(false);
        watching.end();
      });
    };
    if (watches) describe('a watch', aWatch);

    describe('rows', () => {
      test('are null where there are none, and read in the order asked for', async () => {
        await store.write('t', [row('b', 0, 1), row('a', 0, 2)]);
        expect(await readText('t', 'x', 'b', 'a')).toEqual([null, '1: b@1', '2: a@2']);
        expect(await store.read('t', [])).toEqual([]);
      });

      test('belong to their table', async () => {
        await store.write('t', [row('a', 0, 1)]);
        await store.write('t2', [row('a', 0, 7)]);
        expect(await readText('t', 'a')).toEqual(['1: a@1']);
        expect(await readText('t2', 'a')).toEqual(['7: a@7']);
      });

      test.each([
        { case: 'a new row', stored: 0, expected: 0, outcome: 'written' },
        { case: 'a new row where there is one', stored: 5, expected: 0, outcome: 'conflict' },
        { case: 'a row at its version', stored: 5, expected: 5, outcome: 'written' },
        { case: 'a row at an older version', stored: 5, expected: 4, outcome: 'conflict' },
        { case: 'a row at a newer version', stored: 5, expected: 6, outcome: 'conflict' },
        { case: 'a row that is not there', stored: 0, expected: 5, outcome: 'conflict' },
      ] as const)('writing $case: $outcome', async ({ stored, expected, outcome }) => {
        if (stored > 0) await store.write('t', [row('a', 0, stored, 'old')]);
        // Judged once by what the store remembers, once by what it finds.
        for (const key of ['a', 'b']) {
          if (key === 'b') {
            if (stored > 0) await store.write('t', [row('b', 0, stored, 'old')]);
            store = await subject.reopen();
          }
          expect(await store.write('t', [row(key, expected, 9, 'new')])).toEqual([outcome]);
          const old = stored > 0 ? `${stored}: old` : null;
          expect(await readText('t', key)).toEqual([outcome === 'written' ? '9: new' : old]);
        }
      });

      test('are each written on their own condition', async () => {
        await store.write('t', [row('b', 0, 1)]);
        expect(await store.write('t', [row('a', 0, 2), row('b', 0, 2), row('c', 0, 2)])).toEqual([
          'written',
          'conflict',
          'written',
        ]);
        expect(await readText('t', 'a', 'b', 'c')).toEqual(['2: a@2', '1: b@1', '2: c@2']);
        expect(await store.write('t', [])).toEqual([]);
      });

      test('of writes at the same time with one expectation exactly one wins', async () => {
        const rivals = Array.from({ length: 8 }, (_, i) => i + 1);
        const outcomes = (await Promise.all(rivals.map(v => store.write('t', [row('a', 0, v)])))).flat();
        expect(outcomes.filter(outcome => outcome === 'written')).toHaveLength(1);
        const winner = rivals[outcomes.indexOf('written')];
        expect(await readText('t', 'a')).toEqual([`${winner}: a@${winner}`]);
      });

      test.each([
        ['wall-clock version', Date.UTC(2199, 0, 1)],
        ['greatest version', Number.MAX_SAFE_INTEGER],
      ])('keep a %s exactly', async (_, version) => {
        await store.write('t', [row('a', 0, version)]);
        store = await subject.reopen();
        expect((await store.read('t', ['a']))[0]!.version).toBe(version);
      });

      test.each(['', 'a\0b', 'ü/ñ 漢字 🙂', 'x'.repeat(500), 'a\nb'])('have any key: %j', async key => {
        await store.write('t', [row('neighbour', 0, 1), row(key, 0, 3)]);
        store = await subject.reopen();
        expect(await readText('t', key)).toEqual([`3: ${key}@3`]);
        expect((await collect(store.scan('t'))).sort()).toEqual([key, 'neighbour'].sort());
      });

      test('have any bytes, none included', async () => {
        const all = Uint8Array.from({ length: 256 }, (_, i) => i);
        await store.write('t', [
          { key: 'all', expected: 0, version: 1, bytes: all },
          { key: 'none', expected: 0, version: 1, bytes: new Uint8Array() },
          { key: 'large', expected: 0, version: 1, bytes: new Uint8Array(300_000).fill(7) },
        ]);
        store = await subject.reopen();
        const [first, none, large] = await store.read('t', ['all', 'none', 'large']);
        expect([...first!.bytes]).toEqual([...all]);
        expect(none!.bytes).toHaveLength(0);
        expect(large!.bytes.every(byte => byte === 7) && large!.bytes.length === 300_000).toBe(true);
      });

      test('that were read stay as they were read', async () => {
        await store.write('t', [row('a', 0, 1, 'first')]);
        const [before] = await store.read('t', ['a']);
        await store.write('t', [row('a', 1, 2, 'other')]);
        await store.read('t', ['a', 'b', 'c']);
        expect(text(before!.bytes)).toBe('first');
      });

      test(`by the thousand: ${many}`, async () => {
        const keys = Array.from({ length: many }, (_, i) => `user ${i}`);
        const written = await store.write(
          't',
          keys.map((key, i) => row(key, 0, i + 1)),
        );
        expect(new Set(written)).toEqual(new Set(['written']));
        expect(await readText('t', ...keys)).toEqual(keys.map((key, i) => `${i + 1}: ${key}@${i + 1}`));
        expect((await collect(store.scan('t'))).sort()).toEqual([...keys].sort());
      });

      test('outlast a reopening', async () => {
        await store.write('t', [row('a', 0, 1)]);
        await store.write('t', [row('a', 1, 4)]);
        store = await subject.reopen();
        expect(await readText('t', 'a')).toEqual(['4: a@4']);
        expect(await store.write('t', [row('a', 1, 5)])).toEqual(['conflict']);
        expect(await store.write('t', [row('a', 4, 5)])).toEqual(['written']);
      });

      test('are scanned by table', async () => {
        expect(await collect(store.scan('t'))).toEqual([]);
        await store.write('t', [row('a', 0, 1), row('b', 0, 1)]);
        await store.write('t1', [row('c', 0, 1)]);
        expect((await collect(store.scan('t'))).sort()).toEqual(['a', 'b']);
      });

      test('behave as a map with versions, whatever is done', async () => {
        const step = fc.record({
          key: fc.constantFrom('a', 'b', 'c'),
          stale: fc.integer({ min: 0, max: 3 }).map(n => n === 0),
          reopen: fc.integer({ min: 0, max: 9 }).map(n => n === 0),
        });
        let run = 0;
        await fc.assert(
          fc.asyncProperty(fc.array(step, { maxLength: 25 }), async steps => {
            const table = `model ${run++}`;
            const model = new Map<string, number>();
            for (const [i, { key, stale, reopen }] of steps.entries()) {
              if (reopen) store = await subject.reopen();
              const version = model.get(key) ?? 0;
              const expected = stale ? version + 1 : version;
              const outcome: WriteOutcome = stale ? 'conflict' : 'written';
              expect(await store.write(table, [row(key, expected, i + 1)])).toEqual([outcome]);
              if (!stale) model.set(key, i + 1);
              const present = model.get(key);
              expect(await readText(table, key)).toEqual([present ? `${present}: ${key}@${present}` : null]);
            }
          }),
          { numRuns: 15 },
        );
      });
    });

    describe('runs', () => {
      test('are read, and deleted, by id within their table', async () => {
        await store.writeRuns('t', [
          { id: '1', bytes: bytes('one') },
          { id: '2', bytes: bytes('two') },
        ]);
        await store.writeRuns('t2', [{ id: '1', bytes: bytes('other') }]);
        store = await subject.reopen();
        await store.deleteRuns('t', ['2', 'unknown']);
        const runs = await store.readRuns('t', ['2', '1', '3']);
        expect(runs.map(run => run && text(run))).toEqual([null, 'one', null]);
        expect(text((await store.readRuns('t2', ['1']))[0]!)).toBe('other');
      });

      test('are no rows', async () => {
        await store.writeRuns('t', [{ id: '1', bytes: bytes('one') }]);
        expect(await store.read('t', ['1'])).toEqual([null]);
        expect(await collect(store.scan('t'))).toEqual([]);
      });
    });

    describe('progress', () => {
      const big = 10n ** 55n;
      const at = (sequence: number | bigint, index = 0): ShardPosition => ({ sequence, index });

      test.each([
        { from: at(5), to: at(6), reached: at(6) },
        { from: at(5), to: at(4), reached: at(5) },
        { from: at(5, 2), to: at(5, 3), reached: at(5, 3) },
        { from: at(5, 2), to: at(5, 1), reached: at(5, 2) },
        { from: at(5, 2), to: at(6, 0), reached: at(6, 0) },
        { from: at(9), to: at(10), reached: at(10) },
        { from: at(big), to: at(big + 1n, 3), reached: at(big + 1n, 3) },
        { from: at(big + 1n), to: at(big), reached: at(big + 1n) },
        { from: at(7), to: at(big), reached: at(big) },
      ])('from $from to $to is at $reached', async ({ from, to, reached }) => {
        await store.advanceProgress('stream-1', 'shard', from);
        await store.advanceProgress('stream-1', 'shard', to);
        expect(await store.readProgress('stream-1')).toEqual(new Map([['shard', reached]]));
        store = await subject.reopen();
        expect(await store.readProgress('stream-1')).toEqual(new Map([['shard', reached]]));
      });

      test('is kept by shard and incarnation', async () => {
        expect(await store.readProgress('stream-1')).toEqual(new Map());
        await store.advanceProgress('stream-1', 'a', at(1));
        await store.advanceProgress('stream-1', 'b', at(2));
        await store.advanceProgress('stream-10', 'a', at(3));
        expect(await store.readProgress('stream-1')).toEqual(
          new Map([
            ['a', at(1)],
            ['b', at(2)],
          ]),
        );
        expect(await store.readProgress('stream-10')).toEqual(new Map([['a', at(3)]]));
      });

      test('says which code moved it there', async () => {
        await store.advanceProgress('stream-1', 'a', { ...at(big), code: 'plan 7, build 12' });
        await store.advanceProgress('stream-1', 'a', { ...at(5), code: 'older' });
        store = await subject.reopen();
        expect(await store.readProgress('stream-1')).toEqual(
          new Map([['a', { ...at(big), code: 'plan 7, build 12' }]]),
        );
      });
    });

    describe('notes', () => {
      test('are what was written last under their name, in their life', async () => {
        expect(await store.readNote('stream-1', 'batch/a')).toBeNull();
        await store.writeNote('stream-1', 'batch/a', 'first');
        await store.writeNote('stream-1', 'batch/a', '{"second":"ü"}');
        await store.writeNote('stream-1', 'batch/b', '');
        await store.writeNote('stream-10', 'batch/a', 'other');
        store = await subject.reopen();
        expect(await store.readNote('stream-1', 'batch/a')).toBe('{"second":"ü"}');
        expect(await store.readNote('stream-1', 'batch/b')).toBe('');
        expect(await store.readNote('stream-10', 'batch/a')).toBe('other');
      });

      test('are no progress', async () => {
        await store.writeNote('stream-1', 'a', 'x');
        expect(await store.readProgress('stream-1')).toEqual(new Map());
      });
    });
  });
}
