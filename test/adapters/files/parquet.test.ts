import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { openSource } from '../../../lib/adapters/files/open-source.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

async function writeParquet(path: string, query: string): Promise<string> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (${query}) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
  return path;
}

async function rowsOf(path: string, skip = 0) {
  const source = await openSource(path);
  const rows: (readonly unknown[])[] = [];
  let next = skip + 1;
  for await (const batch of source.batches(skip)) {
    expect(batch.firstRow).toBe(next);
    next += batch.rows.length;
    rows.push(...(batch.rows as (readonly unknown[])[]));
  }
  await source.close();
  return { source, rows };
}

test('values come exactly', async () => {
  const path = await writeParquet(
    join(temporaryDirectory(), 'a.parquet'),
    `SELECT 7301234567890123456::BIGINT AS big, 12345678901234.5678::DECIMAL(18,4) AS dec, -1.5::DOUBLE AS dbl,
            TIMESTAMP '2010-12-01 08:26:00.123456' AS ts, TIMESTAMP '1969-12-31 23:59:59.999999' AS old,
            DATE '2011-01-02' AS d, true AS yes, 'ü' AS text, NULL::INTEGER AS nothing,
            [1, NULL, 3]::BIGINT[] AS list, {'a': 1::BIGINT, 'b': 'x'} AS struct, MAP {'k': 1} AS map,
            'old text'::BLOB AS blob, 5::INTEGER AS int`,
  );
  const { source, rows } = await rowsOf(path);
  expect(source.columns).toEqual('big dec dbl ts old d yes text nothing list struct map blob int'.split(' '));
  expect(rows).toEqual([
    [
      7301234567890123456n,
      '12345678901234.5678',
      -1.5,
      new Date('2010-12-01T08:26:00.123Z'),
      new Date('1969-12-31T23:59:59.999Z'),
      new Date('2011-01-02T00:00:00Z'),
      true,
      'ü',
      null,
      [1n, null, 3n],
      { a: 1n, b: 'x' },
      { k: 1 },
      'old text',
      5,
    ],
  ]);
});

test('rows stream in order, from any row on, under any name', async () => {
  const folder = join(temporaryDirectory(), 'day=[1]*');
  mkdirSync(folder);
  const path = await writeParquet(
    join(folder, 'part?.parquet'),
    'SELECT range::INTEGER AS n FROM range(10000)',
  );
  const all = await rowsOf(path);
  expect(all.rows.map(row => row[0])).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
  expect(all.source.progress()).toEqual({ done: 10_000, total: 10_000 });
  const rest = await rowsOf(path, 4_567);
  expect(rest.rows.map(row => row[0])).toEqual(Array.from({ length: 5_433 }, (_, i) => i + 4_567));
});

test('a folder named like a partition changes neither columns nor values', async () => {
  const folder = join(temporaryDirectory(), 'year=2020');
  mkdirSync(folder);
  const path = await writeParquet(join(folder, 'a.parquet'), 'SELECT 1999 AS year');
  const { source, rows } = await rowsOf(path);
  expect(source.columns).toEqual(['year']);
  expect(rows).toEqual([[1999]]);
});
