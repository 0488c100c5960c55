import { execFileSync } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The commands that docs/run.md tells people to type, in one shell, as a reader would go through them. */
test('every command in docs/run.md runs', { timeout: 120_000 }, () => {
  const text = readFileSync(join(root, 'docs/run.md'), 'utf8');
  const blocks = [...text.matchAll(/```sh\n(.*?)```/gs)].map(match => match[1]!);
  expect(blocks.length).toBeGreaterThanOrEqual(6);
  const directory = temporaryDirectory();
  symlinkSync(join(root, 'features'), join(directory, 'features'));
  // npx itself is not under test, and takes its time.
  const npx = `npx() { shift; "${process.execPath}" "${join(root, 'bin/millrace.ts')}" "$@"; }`;
  const output = execFileSync('bash', ['-euo', 'pipefail', '-c', [npx, ...blocks].join('\n')], {
    cwd: directory,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  expect(output).toContain('customer_activity');
  expect(output).toMatch(/sales\.csv: 2 rows into purchases.*\n {2}1 counted, 1 bad/);
  expect(output).toContain('"price_against_usual"');
  expect(output).toMatch(/field qty/);
  expect(output).toContain('No changes');
});
