import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { openSource } from '../../../lib/adapters/files/open-source.ts';
import type { SourceFormat } from '../../../lib/runtime/source.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const events = (count: number) =>
  Array.from({ length: count }, (_, i) => `{"id":${i + 1},"name":"événement ${i + 1}"}\n`).join('');

/** What a source yields, as text, and how it ended. */
async function readAll(path: string, options: { format?: SourceFormat; skip?: number } = {}) {
  const source = await openSource(path, options.format === undefined ? {} : { format: options.format });
  const rows: unknown[] = [];
  let error: Error | undefined;
  try {
    for await (const batch of source.batches(options.skip ?? 0)) {
      expect(batch.firstRow).toBe((options.skip ?? 0) + rows.length + 1);
      rows.push(
        ...batch.rows.map(row => (row instanceof Uint8Array ? Buffer.from(row).toString('latin1') : row)),
      );
    }
  } catch (thrown) {
    error = thrown as Error;
  }
  await source.close();
  return { source, rows, error };
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(temporaryDirectory(), name);
  writeFileSync(path, content);
  return path;
}

describe('files that can be read', () => {
  const bom = '\ufeff';
  const cases: { what: string; name: string; content: string | Uint8Array; rows: unknown[] }[] = [
    { what: 'NDJSON', name: 'a.ndjson', content: '{"a":1}\n{"a":2}\n', rows: ['{"a":1}', '{"a":2}'] },
    {
      what: 'NDJSON without a last newline',
      name: 'a.jsonl',
      content: '{"a":1}\n{"a":2}',
      rows: ['{"a":1}', '{"a":2}'],
    },
    {
      what: 'NDJSON with BOM, CRLF and blank lines',
      name: 'a.ndjson',
      content: `${bom}{"a":1}\r\n\r\n  \n{"a":2}\r\n`,
      rows: ['{"a":1}', '{"a":2}'],
    },
    {
      what: 'a line that is not JSON',
      name: 'a.ndjson',
      content: '{"a":1}\n{"a":\n{"a":2}\n',
      rows: ['{"a":1}', '{"a":', '{"a":2}'],
    },
    {
      what: 'a line that is not UTF-8',
      name: 'a.ndjson',
      content: Buffer.from('{"a":"\xff\xfe"}\n', 'latin1'),
      rows: ['{"a":"\xff\xfe"}'],
    },
    {
      what: 'a line of 2 MiB',
      name: 'a.ndjson',
      content: `{"a":"${'x'.repeat(2 << 20)}"}\n{"a":1}\n`,
      rows: [`{"a":"${'x'.repeat(2 << 20)}"}`, '{"a":1}'],
    },
    { what: 'gzipped NDJSON', name: 'a.ndjson.gz', content: gzipSync('{"a":1}\n'), rows: ['{"a":1}'] },
    {
      what: 'gzipped NDJSON of several members',
      name: 'a.ndjson.gz',
      content: Buffer.concat([gzipSync('{"a":1}\n{"a"'), gzipSync(':2}\n')]),
      rows: ['{"a":1}', '{"a":2}'],
    },
    { what: 'gzip without the name', name: 'a.ndjson', content: gzipSync('{"a":1}\n'), rows: ['{"a":1}'] },
    {
      what: 'NDJSON under a name that tells nothing',
      name: 'events',
      content: '{"a":1}\n',
      rows: ['{"a":1}'],
    },
    { what: 'NDJSON of blank lines only', name: 'a.ndjson', content: '\n\n', rows: [] },
    { what: 'CSV', name: 'a.csv', content: 'a,b\n1,2\n', rows: [['1', '2']] },
    { what: 'CSV with BOM and CRLF', name: 'a.csv', content: `${bom}a,b\r\n1,ü\r\n`, rows: [['1', 'ü']] },
    {
      what: 'CSV with quotes, commas and newlines in cells',
      name: 'a.csv',
      content: 'a,b\n"x,y","say ""hi""\nthere"\n',
      rows: [['x,y', 'say "hi"\nthere']],
    },
    {
      what: 'CSV with LF and CRLF mixed',
      name: 'a.csv',
      content: 'a,b\r\n1,2\n3,"x\ry"\r\n5,6\n',
      rows: [
        ['1', '2'],
        ['3', 'x\ry'],
        ['5', '6'],
      ],
    },
    {
      what: 'CSV with CR alone',
      name: 'a.csv',
      content: 'a,b\r1,2\r3,4\r',
      rows: [
        ['1', '2'],
        ['3', '4'],
      ],
    },
    { what: 'CSV with a header only', name: 'a.csv', content: 'a,b\n', rows: [] },
    { what: 'CSV with a header only, no newline', name: 'a.csv', content: 'a,b', rows: [] },
    {
      what: 'CSV rows too short and too long',
      name: 'a.csv',
      content: 'a,b\n1\n1,2,"x,\ny"\n3,4\n',
      rows: ['1', '1,2,"x, y"', ['3', '4']],
    },
    {
      what: 'a CSV row that is not UTF-8',
      name: 'a.csv',
      content: Buffer.from('a,b\n1,\xff\n2,\xc3\xbc\n', 'latin1'),
      rows: ['1,\xff', ['2', 'ü']],
    },
    { what: 'gzipped CSV', name: 'a.csv.gz', content: gzipSync('a,b\n1,2\n'), rows: [['1', '2']] },
    {
      what: 'CSV under a name that tells nothing',
      name: 'events.txt',
      content: 'a,b\n1,2\n',
      rows: [['1', '2']],
    },
  ];
  test.each(cases)('$what', async ({ name, content, rows }) => {
    const read = await readAll(file(name, content));
    expect(read.error).toBeUndefined();
    expect(read.rows).toEqual(rows);
  });

  test('a line that spans many reads comes whole', async () => {
    const text = events(20_000);
    const { rows } = await readAll(file('a.ndjson', text));
    expect(Buffer.from(`${rows.join('\n')}\n`, 'latin1').toString('utf8')).toBe(text);
  });

  test('the same rows come from plain and gzipped files, from any row on', async () => {
    const text = events(5_000);
    for (const path of [file('a.ndjson', text), file('a.ndjson.gz', gzipSync(text))]) {
      const { rows } = await readAll(path, { skip: 4_321 });
      expect(rows).toHaveLength(679);
      expect(rows[0]).toContain('"id":4322');
    }
  });
});

describe('files that cannot be opened', () => {
  const cases: { what: string; path: () => string; format?: SourceFormat; message: RegExp }[] = [
    {
      what: 'missing',
      path: () => join(temporaryDirectory(), 'none.csv'),
      message: /none\.csv does not exist: check the path/,
    },
    {
      what: 'a directory',
      path: () => temporaryDirectory(),
      message: /is a directory: name the files in it/,
    },
    {
      what: 'a device',
      path: () => '/dev/zero',
      message: /\/dev\/zero is a pipe or device, in which no place can be kept: write it to a file first/,
    },
    { what: 'empty', path: () => file('a.ndjson', ''), message: /a\.ndjson is empty/ },
    { what: 'an empty .gz', path: () => file('a.ndjson.gz', ''), message: /is empty/ },
    {
      what: 'named .gz and not gzip',
      path: () => file('a.ndjson.gz', '{"a":1}\n'),
      message: /named \.gz but is not gzip/,
    },
    {
      what: 'a gzip header and no more',
      path: () => file('a.ndjson.gz', Buffer.of(0x1f, 0x8b, 8, 0xff, 1, 2, 3)),
      message: /damaged|truncated|no format/,
    },
    {
      what: 'UTF-16',
      path: () => file('a.csv', Buffer.from('\ufeffa,b\n1,2\n', 'utf16le')),
      message: /is UTF-16: convert it with iconv/,
    },
    {
      what: 'a JSON array',
      path: () => file('a.json', '[\n{"a":1}\n]'),
      message: /holds a JSON array.*jq -c/,
    },
    {
      what: 'something else',
      path: () => file('readme', 'hello\n'),
      message: /looks like no format known here: say --format/,
    },
    {
      what: 'not Parquet in spite of its name',
      path: () => file('a.parquet', 'hello'),
      message: /is not a Parquet file/,
    },
    {
      what: 'damaged Parquet',
      path: () => file('a.parquet', 'PAR1 and then nothing'),
      message: /cannot be read as Parquet: /,
    },
    {
      what: 'a column twice',
      path: () => file('a.csv', 'a,b,a\n1,2,3\n'),
      message: /the header has the column "a" twice: rename one/,
    },
    {
      what: 'columns without a name',
      path: () => file('a.csv', 'a,,\n1,2,3\n'),
      message: /several columns without a name/,
    },
    {
      what: 'CSV without a header',
      path: () => file('a.csv', '\n\n'),
      message: /a CSV file begins with the names of its columns/,
    },
  ];
  test.each(cases)('$what', async ({ path, format, message }) => {
    const opened = openSource(path(), format === undefined ? {} : { format });
    await expect(opened).rejects.toThrow(message);
    await expect(opened).rejects.toMatchObject({ name: 'SourceError', rows: 0 });
  });

  test('without permission', async context => {
    context.skip(process.getuid?.() === 0, 'root may read everything');
    const path = file('a.csv', 'a\n1\n');
    chmodSync(path, 0);
    await expect(openSource(path)).rejects.toThrow(/may not be read by this user/);
  });
});

describe('files that break off', () => {
  test('truncated gzip: all whole rows come, then an error that counts them', async () => {
    const text = events(50_000);
    const whole = gzipSync(text);
    const path = file('a.ndjson.gz', whole.subarray(0, Math.floor(whole.length * 0.6)));
    const { rows, error } = await readAll(path);
    expect(rows.length).toBeGreaterThan(20_000);
    expect(`${rows.join('\n')}\n`).toBe(
      Buffer.from(text)
        .toString('latin1')
        .slice(0, rows.join('\n').length + 1),
    );
    expect(error).toMatchObject({ name: 'SourceError', rows: rows.length });
    expect(error?.message).toContain(
      `a.ndjson.gz, after row ${rows.length}: the gzip file ends too early (truncated)`,
    );
  });

  test('damaged gzip: the rows before the damage come', async () => {
    const bytes = Buffer.concat([gzipSync(events(10_000)), gzipSync(events(10_000))]);
    bytes.fill(0xff, bytes.length - 20_000, bytes.length - 10_000);
    const { rows, error } = await readAll(file('a.ndjson.gz', bytes));
    expect(rows.length).toBeGreaterThanOrEqual(10_000);
    expect(error?.message).toMatch(/after row \d+: the gzip file is damaged/);
  });

  test('a line beyond the hard limit', async () => {
    const path = file('a.ndjson', `{"a":1}\n${'x'.repeat((16 << 20) + 1)}\n`);
    const { rows, error } = await readAll(path);
    expect(rows).toEqual(['{"a":1}']);
    expect(error?.message).toContain('row 2 is longer than 16 MiB');
  });

  test('a quote that never closes', async () => {
    const { rows, error } = await readAll(file('a.csv', 'a,b\n1,2\n3,"4\n5,6\n'));
    expect(rows).toEqual([['1', '2']]);
    expect(error?.message).toContain('a.csv, after row 1: a quoted cell in row 2 is never closed');
  });
});

describe('the place in a file', () => {
  test('holds for the same file, and for one that has grown', async () => {
    const path = file('a.ndjson', events(3_000));
    const checkpoint = (await openSource(path)).checkpoint(1_234);
    expect(await (await openSource(path)).rowsDone(checkpoint)).toBe(1_234);
    writeFileSync(path, events(4_000));
    expect(await (await openSource(path)).rowsDone(checkpoint)).toBe(1_234);
  });

  test('does not hold for another file under the same name', async () => {
    const path = file('a.ndjson', events(3_000));
    const checkpoint = (await openSource(path)).checkpoint(1_234);
    for (const other of [
      events(3_000).replace('"id":1,', '"id":9,'),
      events(2_999),
      events(3_000).replace('3000"', '3001"'),
    ]) {
      writeFileSync(path, other);
      expect(await (await openSource(path)).rowsDone(checkpoint)).toBe(0);
    }
    expect(await (await openSource(path)).rowsDone(null)).toBe(0);
  });

  test('progress ends at the total', async () => {
    for (const path of [file('a.ndjson', events(3_000)), file('a.ndjson.gz', gzipSync(events(3_000)))]) {
      const { source } = await readAll(path);
      const { done, total } = source.progress();
      expect(total).toBeGreaterThan(0);
      expect(done).toBe(total);
    }
  });

  test('names with characters that mean something elsewhere', async () => {
    const folder = join(temporaryDirectory(), 'a [b] *?');
    mkdirSync(folder);
    const path = join(folder, 'ev[1]*.ndjson');
    writeFileSync(path, events(2));
    expect((await readAll(path)).rows).toHaveLength(2);
  });
});
