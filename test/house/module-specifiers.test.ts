// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these strings are programs
import { describe, expect, test } from 'vitest';
import { moduleReferences } from './module-specifiers.ts';

const specifiers = (source: string) => moduleReferences(source).map(({ specifier }) => specifier);

describe('finds', () => {
  test.each<[string, string, boolean?]>([
    ['a default import', "import a from './a.ts'"],
    ['named imports', "import { b as c, type D } from './a.ts';"],
    ['a namespace', "import * as a from './a.ts';"],
    ['a default and names', "import a, { b } from './a.ts';"],
    ['a default and a namespace', "import a, * as b from './a.ts';"],
    ['an effect', "import './a.ts';"],
    ['double quotes', 'import a from "./a.ts";'],
    ['several lines', "import {\n  a, // 'no'\n  b,\n}\nfrom\n'./a.ts';"],
    ['comments within', "import/* from 'x' */{ a }/**/from/**/'./a.ts';"],
    ['no spaces', "import{a}from'./a.ts'"],
    ['attributes', "import a from './a.ts' with { type: 'json' };"],
    ['names that are strings', "import { 'a } b' as c } from './a.ts';"],
    ['a default called type', "import type from './a.ts';"],
    ['a default called type, and names', "import type, { a } from './a.ts';"],
    ['a default called from', "import from from './a.ts';"],
    ['a type import', "import type { A } from './a.ts';", true],
    ['a default type import', "import type A from './a.ts';", true],
    ['a default type import called from', "import type from from './a.ts';", true],
    ['a namespace of types', "import type * as a from './a.ts';", true],
    ['export of all', "export * from './a.ts';"],
    ['export of all under a name', "export * as a from './a.ts';"],
    ['export of names', "export { a, type B } from './a.ts';"],
    ['export of types', "export type { A } from './a.ts';", true],
    ['export of all types', "export type * from './a.ts';", true],
    ['a dynamic import', "const a = await import('./a.ts');"],
    ['a dynamic import with attributes', "import('./a.ts', { with: { type: 'json' } })"],
    ['an imported type', "let a: import('./a.ts').A;"],
    ['require', "const a = require('./a.ts');"],
    ['an import in a template', "`${await import('./a.ts')}`"],
    ['an import in a template in a template', "`${`${import('./a.ts')}`}`"],
    ['an import after a template', "`}${{ a: `'` }}'`; import './a.ts';"],
    ['an import after a regular expression', "const r = /['\"`/*]/; import './a.ts';"],
    ['an import after a class in a regular expression', "x.match(/[/']+/g); import './a.ts';"],
    ['an import after divisions', "const r = a / b / (c) / d[0] / 2; import './a.ts';"],
    ['an import after a string with quotes', "const s = 'it\\'s \"'; import './a.ts';"],
    ['an import after `export const`', "export const from = 1; import './a.ts';"],
    ['an import after `export default`', "export default {}; import './a.ts';"],
    ['an import after a marked first line', "#!/usr/bin/env node\nimport './a.ts';"],
  ])('%s', (_, source, typeOnly = false) => {
    expect(moduleReferences(source)).toEqual([
      { specifier: './a.ts', typeOnly, line: expect.any(Number) as number },
    ]);
  });
});

describe('does not take for an import', () => {
  test.each([
    ['a line comment', "// import './a.ts'"],
    ['a block comment', "/* import './a.ts' \n export * from './a.ts' */"],
    ['a string', '"import \'./a.ts\'"'],
    ['a template', "`import './a.ts'; ${1} export * from './a.ts'`"],
    ['a regular expression', "const r = /import '.\\/a.ts'/;"],
    ['a member', "a.import('./a.ts'); a?.import('./b.ts')"],
    ['import.meta', 'import.meta.dirname'],
    ['own exports', "export { a, b }; export const c = 'from'; export type D = 'x';"],
    ['a key', "const a = { import: './a.ts', export: './b.ts' };"],
  ])('%s', (_, source) => {
    expect(specifiers(source)).toEqual([]);
  });
});

test('tells the line', () => {
  const source = "/*\n*/\nimport './a.ts';\n`\n`;\n'a\\\nb';\nimport(\n'./b.ts');";
  expect(moduleReferences(source).map(({ line }) => line)).toEqual([3, 8]);
});

test('tells a path that is not a plain string', () => {
  expect(specifiers("import(path); import('./a' + b); import(`./a.ts`)")).toEqual([null, null, null]);
});

test.each(['`a', "'a", '"a\n"', '/* a', '`${`a}`'])('refuses %j, which does not end', source => {
  expect(() => moduleReferences(source)).toThrow(/does not end/);
});
