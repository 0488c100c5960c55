import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const scripts: Readonly<Record<string, string>> = JSON.parse(read('package.json')).scripts;

const blocksOf = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(match => match[1]!);

/** Not run here: .ci/run begins with them. */
const runElsewhere = new Set(['npm ci', 'npm test']);

describe.each(['README.md', 'CONTRIBUTING.md'])('%s', file => {
  const text = read(file);
  const commands = blocksOf(text, 'sh').flatMap(block => block.trim().split('\n'));

  test('has commands, and each runs as a reader would type it', { timeout: 60_000 }, () => {
    expect(commands.length).toBeGreaterThanOrEqual(2);
    expect(commands.slice(0, 2)).toContain('npm ci');
    const here = commands.filter(command => !runElsewhere.has(command));
    if (here.length === 0) return;
    // npm and npx themselves are not under test, and take their time.
    const millrace = `"${process.execPath}" "${join(root, 'bin/millrace.ts')}"`;
    expect(scripts.start).toBe('node bin/millrace.ts demo');
    const shell = `npx() { [ "$1" = millrace ]; shift; ${millrace} "$@"; }\nnpm() { [ "$*" = start ]; ${millrace} demo; }`;
    const output = execFileSync('bash', ['-euo', 'pipefail', '-c', [shell, ...here].join('\n')], {
      cwd: temporaryDirectory(),
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(output).toMatch(/spend_30d .*\d+\.\d+/);
    expect(output).toContain('"price_against_usual"');
    expect(output).toContain('Usage: millrace');
  });

  test('names npm scripts that there are', () => {
    const named = [...text.matchAll(/`npm run ([\w:]+)/g)].map(match => match[1]!);
    expect(named.length).toBeGreaterThan(0);
    for (const name of named) expect(Object.keys(scripts)).toContain(name);
  });
});

test("the README's program compiles, and gives the features that it speaks of", { timeout: 60_000 }, () => {
  const blocks = blocksOf(read('README.md'), 'ts');
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

test('every link within the repository leads somewhere', () => {
  const files = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/**/*.md', { cwd: root })];
  let links = 0;
  for (const file of files) {
    for (const [, target = ''] of read(file).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      links++;
      expect(existsSync(join(root, dirname(file), target)), `${file} links to ${target}`).toBe(true);
    }
  }
  expect(links).toBeGreaterThan(20);
});

test('paths that the documents name are there', () => {
  const paths = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/**/*.md', { cwd: root })].flatMap(file =>
    [...read(file).matchAll(/`((?:lib|test|features|bin|bench|docs)\/[\w./-]+)`/g)].map(match => ({
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
