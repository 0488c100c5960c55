import { globSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkImports, declaredPackages, readSources, repositoryRoot } from './imports.ts';
import { type Layer, layerNames, layers } from './layers.ts';

const packages = declaredPackages(repositoryRoot);

/** Sources by path; a name of the form `lib/kernel/a.ts` that is imported must be there too. */
const check = (files: Record<string, string>) => checkImports(new Map(Object.entries(files)), packages);

const fileOf = (layer: Layer, name: string): string => `${layers[layer].folder}/${name}.ts`;

const up = (file: string): string => '../'.repeat(file.split('/').length - 1);

describe('this repository', () => {
  const sources = readSources(repositoryRoot);
  const report = checkImports(sources, packages);

  test('keeps to its layers, without import cycles', () => {
    expect(report.violations).toEqual([]);
  });

  test('is read whole', () => {
    const folders = ['bin', 'features', 'functions', 'lib', 'test', 'bench'];
    const count = (folder: string) => globSync('**/*.ts', { cwd: join(repositoryRoot, folder) }).length;
    const inFolders = folders.reduce((n, folder) => n + count(folder), 0);
    const atRoot = globSync('*.ts', { cwd: repositoryRoot }).length;
    expect(report.files).toBe(inFolders + atRoot);
    expect(report.files).toBeGreaterThan(200);
    expect(report.imports).toBeGreaterThan(800);
  });

  test.each(['kernel', 'define', 'runtime', 'adapters', 'local', 'cli', 'features', 'bin'] as const)(
    'has files in %s',
    layer => {
      const files = [...sources.keys()].filter(file => file.startsWith(`${layers[layer].folder}/`));
      expect(files.length).toBeGreaterThan(0);
    },
  );

  test('has every import that a plain search of lib finds', () => {
    for (const [file, text] of sources) {
      if (!file.startsWith('lib/')) continue;
      const plain = [...text.matchAll(/^(?:import|export|\}).* from '([^']+)';$/gm)].length;
      const alone = checkImports(new Map([[file, text]]), packages);
      expect(alone.imports, file).toBeGreaterThanOrEqual(plain);
    }
  });
});

describe('a planted import', () => {
  const pairs = layerNames.flatMap(from => layerNames.filter(to => to !== from).map(to => ({ from, to })));
  const isAllowed = ({ from, to }: { from: Layer; to: Layer }): boolean =>
    (layers[from].imports as readonly string[]).includes(to);

  const forms: readonly [name: string, write: (path: string) => string][] = [
    ['import', path => `import { b } from '${path}';`],
    ['type import', path => `import type { B } from '${path}';`],
    ['re-export', path => `export * from '${path}';`],
    ['dynamic import', path => `const b = await import('${path}');`],
  ];

  test.each(pairs.filter(pair => !isAllowed(pair)))(
    'from $from to $to fails in every form',
    ({ from, to }) => {
      const file = fileOf(from, 'a');
      const target = fileOf(to, 'b');
      for (const [form, write] of forms) {
        const report = check({ [file]: write(`${up(file)}${target}`), [target]: 'export const b = 1;' });
        expect(report.violations, form).toEqual([
          expect.stringMatching(new RegExp(`^${file}:1: .*: ${from} may not import ${to}$`)),
        ]);
      }
    },
  );

  test.each(pairs.filter(isAllowed))('from $from to $to is right', ({ from, to }) => {
    const file = fileOf(from, 'a');
    const target = fileOf(to, 'b');
    const report = check({
      [file]: `import { b } from '${up(file)}${target}';`,
      [target]: 'export const b = 1;',
    });
    expect(report.violations).toEqual([]);
  });

  test.each(layerNames.flatMap(from => ['test', 'bench'].map(to => ({ from, to }))))(
    'from $from to $to fails',
    ({ from, to }) => {
      const file = fileOf(from, 'a');
      const report = check({
        [file]: `import { b } from '${up(file)}${to}/b.ts';`,
        [`${to}/b.ts`]: 'export const b = 1;',
      });
      expect(report.violations).toEqual([expect.stringContaining(`${from} may not import ${to}`)]);
    },
  );
});

test.each<[layer: Layer, specifier: string, violation: string | null]>([
  ['kernel', 'node:crypto', 'kernel imports nothing from outside'],
  ['kernel', 'fs', 'kernel imports nothing from outside'],
  ['kernel', 'commander', 'kernel imports no packages'],
  ['features', 'node:fs', 'features imports nothing from outside'],
  ['define', 'node:crypto', null],
  ['define', 'node:fs', 'define does no I/O of its own'],
  ['define', 'commander', 'define imports no packages'],
  ['runtime', 'node:buffer', null],
  ['runtime', 'node:fs/promises', 'runtime does no I/O of its own'],
  ['runtime', '@nxtedition/rocksdb', 'runtime imports no packages'],
  ['adapters', 'node:fs', null],
  ['adapters', '@nxtedition/rocksdb', null],
  ['adapters', '@duckdb/node-api/lib/x.js', null],
  ['adapters', 'fast-check', 'package.json does not list it under dependencies'],
  ['cli', 'left-pad', 'package.json does not list it under dependencies'],
])('from outside, %s importing %s', (layer, specifier, violation) => {
  const { violations } = check({ [fileOf(layer, 'a')]: `import '${specifier}';` });
  expect(violations).toEqual(violation === null ? [] : [expect.stringContaining(violation)]);
});

describe('what cannot be followed fails', () => {
  test.each([
    ['a file that is not there', { 'lib/kernel/a.ts': "import './b.ts';" }, 'no such TypeScript file'],
    ['a path made at run time', { 'lib/local/a.ts': 'await import(path);' }, 'only a plain string'],
    ['a file of no layer', { 'lib/odd/a.ts': '' }, 'belongs to no layer'],
    ['a file that does not end', { 'lib/kernel/a.ts': 'const a = `x;' }, 'cannot be read'],
  ])('%s', (_, files, violation) => {
    expect(check(files).violations).toEqual([expect.stringContaining(violation)]);
  });
});

describe('what the platform is verified against', () => {
  const lib = { 'lib/kernel/index.ts': '', 'features/shop.ts': '' };
  const naive = 'test/verify/chronon/naive.ts';

  test.each([
    ['the kernel', "import '../../../lib/kernel/index.ts';"],
    ["the kernel's types", "import type { Plan } from '../../../lib/kernel/index.ts';"],
    ['definitions', "import '../../../features/shop.ts';"],
    ['the side that asks the platform', "import './kernel.ts';"],
  ])('may not use %s', (_, text) => {
    const report = check({ ...lib, [naive]: text, 'test/verify/chronon/kernel.ts': '' });
    expect(report.violations).toEqual([expect.stringContaining(naive)]);
  });

  test('may use its own kind', () => {
    const report = check({ [naive]: "import './spec.ts';", 'test/verify/chronon/spec.ts': '' });
    expect(report.violations).toEqual([]);
  });

  test("may, as the property tests' oracle, name types and no code", () => {
    const oracle = (text: string) => check({ ...lib, 'test/kernel/oracle.ts': text }).violations;
    expect(oracle("import type { Plan } from '../../lib/kernel/index.ts';")).toEqual([]);
    expect(oracle("import { merge } from '../../lib/kernel/index.ts';")).toHaveLength(1);
  });
});

describe('cycles', () => {
  const cycle = (back: string) =>
    check({
      'lib/kernel/a.ts': "import { b } from './b.ts';",
      'lib/kernel/b.ts': "export { c } from './c.ts';",
      'lib/kernel/c.ts': back,
    }).violations;

  test('of code fail, with their path', () => {
    expect(cycle("import { a } from './a.ts';")).toEqual([
      'lib/kernel/a.ts: import cycle lib/kernel/a.ts → lib/kernel/b.ts → lib/kernel/c.ts → lib/kernel/a.ts',
    ]);
  });

  test('of an import list whose members alone are types fail: the import itself stays', () => {
    expect(cycle("import { type A } from './a.ts';")).toHaveLength(1);
  });

  test('of types do not', () => {
    expect(cycle("import type { A } from './a.ts';")).toEqual([]);
  });
});
