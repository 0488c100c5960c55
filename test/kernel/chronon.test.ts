import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { checkVectors, type Reference, readSpec } from '../verify/chronon/check.ts';
import type { VectorRow } from '../verify/chronon/spec.ts';
import { readLines } from '../verify/data.ts';

const data = (name: string): string =>
  fileURLToPath(new URL(`../verify/chronon/data/${name}`, import.meta.url));

const referenceOf = async (entity: string): Promise<Reference> => ({
  spec: await readSpec(data(`spec-${entity}.json`)),
  events: data(entity === 'edge' ? 'events-edge.ndjson' : 'events-retail.ndjson.gz'),
});

/** The sample of `npm run verify:chronon` that the repository carries. */
describe("the kernel gives Chronon's values", () => {
  test('on real events: 39 aggregations over 8 windows and all of time', async () => {
    const report = await checkVectors(data('vectors-retail.ndjson.gz'), referenceOf);
    expect(report.differences).toEqual([]);
    expect(report.rows).toBe(56);
    expect(report.counts.equal).toBeGreaterThan(12_000);
    expect(report.counts['zero sign'] + report.counts['before 1970'] + report.counts['histogram tie']).toBe(
      0,
    );
  });

  test('on edges, and differs only where it means to', async () => {
    const report = await checkVectors(data('vectors-edge.ndjson.gz'), referenceOf);
    expect(report.differences).toEqual([]);
    expect(report.counts).toMatchObject({ equal: 20_640, tie: 1_023, empty: 3_618, 'zero sign': 22 });
    expect(report.counts['before 1970']).toBe(347);
  });

  test('and one altered value of theirs is found', async () => {
    const rows: VectorRow[] = [];
    for await (const line of readLines(data('vectors-retail.ndjson.gz')))
      rows.push(JSON.parse(line) as VectorRow);
    const row = rows.find(r => r.k === '16871' && typeof r.v[8] === 'number')!;
    const altered = { ...row, v: row.v.map((v, i) => (i === 8 ? (v as number) + 1 : v)) };
    const folder = await mkdtemp(join(tmpdir(), 'millrace-chronon-'));
    try {
      const file = join(folder, 'altered.ndjson');
      await writeFile(file, `${JSON.stringify(altered)}\n`);
      const report = await checkVectors(file, referenceOf);
      expect(report.counts.different).toBe(1);
      expect(report.differences[0]).toContain('customer 16871');
      expect(report.differences[0]).toContain('count_qty_lifetime');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
