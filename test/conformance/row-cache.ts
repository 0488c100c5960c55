import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CachedRow, RowCache } from '../../lib/runtime/ports.ts';
import { bytes, text } from './harness.ts';

export interface RowCacheSubject {
  readonly cache: RowCache;
  /** ms that an entry may stand. */
  readonly boundMs: number;
  dispose(): Promise<void>;
}

export function rowCacheConformance(name: string, make: () => Promise<RowCacheSubject>): void {
  describe(`row cache: ${name}`, () => {
    let subject: RowCacheSubject;
    let cache: RowCache;
    beforeEach(async () => {
      subject = await make();
      cache = subject.cache;
    });
    afterEach(() => subject.dispose());

    const row = (key: string, version: number, content = `${key}@${version}`): CachedRow => ({
      key,
      row: { version, bytes: bytes(content) },
    });
    const noRow = (key: string): CachedRow => ({ key, row: null });
    const readText = async (table: string, ...keys: string[]) =>
      (await cache.read(table, keys)).map(found => found && `${found.version}: ${text(found.bytes)}`);

    test('knows what was published, by table, in the order asked for', async () => {
      await cache.publish('t', [row('b', 1), row('a', 2), noRow('none')], Date.now());
      await cache.publish('t2', [row('a', 7)], Date.now());
      expect(await readText('t', 'x', 'a', 'none', 'b')).toEqual([undefined, '2: a@2', null, '1: b@1']);
      expect(await readText('t2', 'a', 'b')).toEqual(['7: a@7', undefined]);
      expect(await cache.read('t', [])).toEqual([]);
      await cache.publish('t', [], Date.now());
    });

    test.each([
      { present: row('a', 4), given: row('a', 5), after: '5: a@5', what: 'a newer row replaces an older' },
      { present: row('a', 5), given: row('a', 4), after: '5: a@5', what: 'an older row is passed over' },
      { present: row('a', 5), given: row('a', 5, 'x'), after: '5: a@5', what: 'the same version stays' },
      {
        present: row('a', 5),
        given: noRow('a'),
        after: '5: a@5',
        what: 'that there was no row is older than any',
      },
      {
        present: noRow('a'),
        given: row('a', 1),
        after: '1: a@1',
        what: 'a row replaces that there was none',
      },
      {
        present: row('a', Number.MAX_SAFE_INTEGER - 1),
        given: row('a', Number.MAX_SAFE_INTEGER),
        after: `${Number.MAX_SAFE_INTEGER}: a@${Number.MAX_SAFE_INTEGER}`,
        what: 'the greatest versions are told apart',
      },
    ])('$what', async ({ present, given, after }) => {
      await cache.publish('t', [present], Date.now());
      await cache.publish('t', [given], Date.now());
      expect(await readText('t', 'a')).toEqual([after]);
    });

    test('each row is judged by itself', async () => {
      await cache.publish('t', [row('b', 5)], Date.now());
      await cache.publish('t', [row('a', 1), row('b', 4), row('c', 1)], Date.now());
      expect(await readText('t', 'a', 'b', 'c')).toEqual(['1: a@1', '5: b@5', '1: c@1']);
    });

    test('what was known half the bound ago, or earlier, is not put there', async () => {
      await cache.publish('t', [row('a', 5)], Date.now() - subject.boundMs / 2);
      expect(await readText('t', 'a')).toEqual([undefined]);
    });

    test.each(['', 'a\0b', 'ü/ñ 漢字 🙂', '}x{', 'a:b', 'x'.repeat(500)])('has any key: %j', async key => {
      await cache.publish('t', [row(key, 3), row('neighbour', 1)], Date.now());
      expect(await readText('t', key, 'neighbour')).toEqual([`3: ${key}@3`, '1: neighbour@1']);
    });

    test('has any bytes, none included', async () => {
      const all = Uint8Array.from({ length: 256 }, (_, i) => i);
      const large = new Uint8Array(300_000).fill(7);
      const contents = [all, new Uint8Array(), large];
      await cache.publish(
        't',
        contents.map((content, i) => ({ key: String(i), row: { version: i + 1, bytes: content } })),
        Date.now(),
      );
      const found = await cache.read('t', ['0', '1', '2']);
      expect(found.map(r => Buffer.from(r!.bytes).equals(contents[r!.version - 1]!))).toEqual([
        true,
        true,
        true,
      ]);
    });

    test('by the thousand', async () => {
      const keys = Array.from({ length: 3_000 }, (_, i) => `user ${i}`);
      const knownAt = Date.now();
      await cache.publish(
        't',
        keys.map((key, i) => row(key, i + 1)),
        knownAt,
      );
      expect(await readText('t', ...keys)).toEqual(keys.map((key, i) => `${i + 1}: ${key}@${i + 1}`));
    });
  });
}
