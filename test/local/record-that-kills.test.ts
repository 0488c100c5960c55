import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { spawnCli } from '../cli/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const features = fileURLToPath(new URL('./deadly.ts', import.meta.url));

test('a record that ends its process is found by the next ones, set aside, and redriven by code that bears it', async () => {
  const folder = temporaryDirectory();
  const ts = Date.now() - 60_000;
  const events = Array.from({ length: 300 }, (_, i) => ({
    user: `u${i % 3}`,
    page: `p${i % 2}`,
    n: i === 200 ? 13 : 1,
    ts: ts + i,
  }));
  writeFileSync(join(folder, 'visits.ndjson'), events.map(e => JSON.stringify(e)).join('\n'));
  const millrace = (...args: string[]) =>
    spawnCli(folder, [...args, '--features', features, '--data', join(folder, 'data'), '--json']);

  const codes: (number | null)[] = [];
  while (codes.at(-1) !== 0 && codes.length < 20) {
    codes.push((await millrace('ingest', 'visits.ndjson')).code);
  }
  // 300 records, then 18, then one: three attempts with it alone.
  expect(codes).toEqual([99, 99, 99, 99, 99, 0]);

  const listed = JSON.parse((await millrace('unapplied', 'list')).stdout);
  expect(listed.counts).toEqual({ crash: 1 });
  expect(listed.events[0]).toMatchObject({ table: 'b_user@1', key: 'u2', reason: 'crash' });
  const read = async (group: string, key: string) =>
    JSON.parse((await millrace('read', group, key)).stdout).entities[0];
  expect(await read('a_page', 'p0')).toMatchObject({ values: { visits: 150 } });
  expect(await read('b_user', 'u1')).toMatchObject({ status: 'known', values: { visits: 100 } });
  expect(await read('b_user', 'u2')).toMatchObject({ lacks: 1, values: { visits: 99 } });

  expect((await millrace('unapplied', 'redrive')).code).toBe(99);
  process.env.SPARE = 'yes';
  try {
    const { code, stdout } = await millrace('unapplied', 'redrive');
    expect([code, JSON.parse(stdout)]).toEqual([0, { applied: 1, settled: 0, waiting: [] }]);
  } finally {
    delete process.env.SPARE;
  }
  const after = await read('b_user', 'u2');
  expect(after).toMatchObject({ values: { visits: 100 } });
  expect(after).not.toHaveProperty('lacks');
}, 120_000);
