import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';

/* The TypeScript of docs/define.md, taken together, is a program that compiles and runs. */

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'millrace-docs-'));
const program = join(folder, 'define.mts');
afterAll(() => rmSync(folder, { recursive: true }));

const text = readFileSync(join(root, 'docs/define.md'), 'utf8');
const blocks = [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(match => match[1] ?? '');
const library = JSON.stringify(join(root, 'lib/define/index.ts'));
writeFileSync(program, blocks.join('\n').replaceAll("'../lib/define/index.ts'", library));

test('there is code to check', () => {
  expect(blocks.length).toBeGreaterThanOrEqual(8);
});

test('it compiles', { timeout: 60_000 }, async () => {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const options =
    '--ignoreConfig --noEmit --strict --skipLibCheck --noUnusedLocals --verbatimModuleSyntax --erasableSyntaxOnly'
      .concat(
        ' --exactOptionalPropertyTypes --target es2024 --module nodenext --types node --allowImportingTsExtensions',
      )
      .concat(` --typeRoots ${join(root, 'node_modules/@types')}`);
  const { stdout } = await run(process.execPath, [tsc, ...options.split(' '), program], { cwd: root }).catch(
    e => e,
  );
  expect(stdout).toBe('');
});

test('it runs, and gives the Plan that it speaks of', { timeout: 60_000 }, async () => {
  const print = `import d from ${JSON.stringify(program)}; console.log(JSON.stringify(d.plan.services[0].features))`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', print], { cwd: root });
  const names = JSON.parse(stdout).map((feature: { name: string }) => feature.name);
  expect(names).toEqual(
    expect.arrayContaining(['clicks_7d', 'recent', 'spent_lifetime', 'ctr_24h', 'item_actions_24h']),
  );
});
