import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import definitions from '../../../features/retail/index.ts';
import { readLines } from '../data.ts';
import { type CheckOptions, type CheckReport, checkRetail } from './check.ts';

const minute = 60_000;
const hour = 60 * minute;

/** Two days of the log, and a query time that is a purchase's, as is the start of its window of one hour. */
let folder: string;
let log: string;
let q: number;
let runs = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-boundary-'));
  log = join(folder, 'two-days.ndjson');
  const shipped = fileURLToPath(
    new URL('../../../features/retail/data/purchases-2010-12.ndjson.gz', import.meta.url),
  );
  const lines: string[] = [];
  const times = new Set<number>();
  for await (const line of readLines(shipped)) {
    const event = JSON.parse(line) as { ts: string; user: string | null; type: string };
    const time = Date.parse(event.ts);
    if (time >= Date.UTC(2010, 11, 3)) break;
    lines.push(line);
    if (event.user !== null && event.type === 'purchase') times.add(time);
  }
  await writeFile(log, `${lines.join('\n')}\n`);
  const hasEvent = (from: number, to: number): boolean => [...times].some(t => t >= from && t < to);
  q = [...times].find(
    t =>
      t % (5 * minute) === 0 &&
      t % hour !== 0 &&
      times.has(t - hour) &&
      hasEvent(t - hour - 5 * minute, t - hour),
  )!;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The feature that every boundary of this file moves: others, such as decayed sums, differ with any change of time. */
const counted = (report: CheckReport) => report.features.get('customer_activity.lines_1h')!.mismatches;

const check = (changed: Partial<CheckOptions> = {}): Promise<CheckReport> =>
  checkRetail({
    definitions,
    log,
    directory: join(folder, `data-${runs++}`),
    queryTimes: [q],
    groups: ['customer_activity'],
    unseen: 50,
    ...changed,
  });

describe('the comparison with SQL', () => {
  test('finds nothing where both follow the window rule', async () => {
    const report = await check({ groups: ['customer_activity', 'item_popularity'] });
    expect(report.examples).toEqual([]);
    expect(report.compared).toBeGreaterThan(10_000);
  });

  test.each([
    ['a window that begins 1 ms later', (sql: string) => sql.replace('* hop_ms(w);', '* hop_ms(w) + 1;')],
    ['a window that ends 1 ms later', (sql: string) => sql.replaceAll('time < $q', 'time <= $q')],
    ['a tail that moves by the hour', (sql: string) => sql.replace('then 300000 ', 'then 3600000 ')],
  ])('finds %s', async (_, edit) => {
    expect(counted(await check({ edit }))).toBeGreaterThan(0);
  });

  test('finds a read that is 1 ms early', async () => {
    expect(counted(await check({ asOf: time => time - 1 }))).toBeGreaterThan(0);
  });
});
