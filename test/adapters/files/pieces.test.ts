import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readCsv } from '../../../lib/adapters/files/csv.ts';
import { readLines } from '../../../lib/adapters/files/ndjson.ts';
import type { SourceBatch } from '../../../lib/runtime/source.ts';

/** The bytes in pieces that end at these places, as a disk or a decompressor may give them. */
async function* inPieces(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  const places = [...new Set(cuts.map(cut => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const to of [...places, bytes.length]) {
    if (to > from) yield bytes.subarray(from, to);
    from = to;
  }
}

async function rowsOf(batches: AsyncIterable<SourceBatch>): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const batch of batches) {
    expect(batch.firstRow).toBe(rows.length + 1);
    for (const row of batch.rows) {
      rows.push(row instanceof Uint8Array ? Buffer.from(row).toString('latin1') : row);
    }
  }
  return rows;
}

const cuts = fc.array(fc.nat(500), { maxLength: 30 });

test('lines do not depend on where reads end', async () => {
  const line = fc.string({ unit: 'binary', maxLength: 20 }).map(text => text.replaceAll(/[\r\n]/g, '·'));
  await fc.assert(
    fc.asyncProperty(
      fc.array(line),
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
      cuts,
      async (lines, end, ended, at) => {
        const text = lines.join(end) + (ended ? end : '');
        const expected = lines
          .filter(each => !/^[ \t]*$/.test(each))
          .map(each => Buffer.from(each).toString('latin1'));
        // A byte order mark is recognized in the first piece only, which in files is far longer.
        fc.pre(!text.startsWith('\ufeff'));
        expect(await rowsOf(readLines(inPieces(Buffer.from(text), at), 0))).toEqual(expected);
      },
    ),
  );
});

test('CSV rows do not depend on where reads end, and every cell comes back', async () => {
  const cell = fc.string({ unit: 'grapheme', maxLength: 8 });
  const tableOf = (columns: number) => fc.array(fc.array(cell, { minLength: columns, maxLength: columns }));
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }).chain(tableOf),
      fc.constantFrom('\n', '\r\n'),
      cuts,
      async (table, end, at) => {
        const columns = table[0]?.length ?? 1;
        const header = Array.from({ length: columns }, (_, i) => `column ${i}`);
        const text = [header, ...table].map(row => row.map(quoted).join(',')).join(end) + end;
        let seen: readonly string[] = [];
        const rows = await rowsOf(
          readCsv(inPieces(Buffer.from(text), at), 0, names => {
            seen = names;
          }),
        );
        expect(seen).toEqual(header);
        expect(rows).toEqual(table);
      },
    ),
  );
});
