import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { blocksOf, readDocument, root, runAsTyped } from './shell.ts';

const scripts: Readonly<Record<string, string>> = JSON.parse(readDocument('package.json')).scripts;

test.each([
  ['README.md', ['"features":["user_impressions_1h"', '"accepted":1,', 'Usage: millrace', 'all processed']],
  ['CONTRIBUTING.md', []],
])('the commands of %s run', { timeout: 60_000 }, (file, expected) => {
  const commands = blocksOf(readDocument(file), 'sh');
  expect(commands[0]).toMatch(/^npm ci\n/);
  expect(scripts.start).toBe('node bin/millrace.ts feed');
  const output = runAsTyped(commands);
  for (const text of expected) expect(output).toContain(text);
});

describe.each(['README.md', 'CONTRIBUTING.md'])('%s', file => {
  const text = readDocument(file);

  test('names npm scripts that there are', () => {
    const named = [...text.matchAll(/`npm run ([\w:-]+)/g)].map(match => match[1]!);
    expect(named.length).toBeGreaterThan(0);
    for (const name of named) expect(Object.keys(scripts)).toContain(name);
  });
});

test("the README's program compiles, and gives the features that it speaks of", { timeout: 60_000 }, () => {
  const blocks = blocksOf(readDocument('README.md'), 'ts');
  expect(blocks).toHaveLength(1);
  const folder = temporaryDirectory();
  const program = join(folder, 'program.mts');
  writeFileSync(program, blocks[0]!.replace("'./lib/", `'${root}lib/`));

  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { typeRoots: [join(root, 'node_modules/@types')] },
    include: ['program.mts'],
    exclude: [],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder], {
    cwd: root,
    encoding: 'utf8',
  });
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' });

  const print = `import d from ${JSON.stringify(program)}; console.log(JSON.stringify(d.plan.services[0].features))`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', print], {
    encoding: 'utf8',
  });
  const names = JSON.parse(output).map((feature: { name: string }) => feature.name);
  expect(names).toEqual(['clicks_1h', 'clicks_7d', 'impressions_7d', 'recent_items', 'ctr_7d']);
});

test('docs/README.md has a line for each decision', () => {
  const lines = readDocument('docs/README.md');
  const decisions = globSync('docs/decisions/*.md', { cwd: root });
  expect(decisions.length).toBeGreaterThan(20);
  for (const file of decisions) expect(lines).toContain(`](${file.slice('docs/'.length)}) | `);
});

test('every link within the repository leads somewhere', () => {
  const files = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/**/*.md', { cwd: root })];
  let links = 0;
  for (const file of files) {
    for (const [, target = ''] of readDocument(file).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      links++;
      expect(existsSync(join(root, dirname(file), target)), `${file} links to ${target}`).toBe(true);
    }
  }
  expect(links).toBeGreaterThan(20);
});

test('paths that the documents name are there', () => {
  const paths = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/**/*.md', { cwd: root })].flatMap(file =>
    [...readDocument(file).matchAll(/`((?:lib|test|features|bin|bench|docs)\/[\w./-]+)`/g)].map(match => ({
      file,
      path: match[1]!,
    })),
  );
  expect(paths.length).toBeGreaterThan(30);
  const missing = paths.filter(({ path }) => !planned.has(path) && !existsSync(join(root, path)));
  expect(missing).toEqual([]);
});

/** Spoken of as to come. */
const planned = new Set(['lib/infra', 'docs/decisions/NNNN-name.md']);
