import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

/*
 * Definitions that must not compile. The first line of each program states the diagnostic, `// TS2345: some text`,
 * and a comment `// error` stands above the line it must point at. Each is compiled alone.
 */

const root = join(import.meta.dirname, '../..');
const folder = join(import.meta.dirname, 'bad');
const options = [
  ...['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--erasableSyntaxOnly'],
  ...['--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes', '--verbatimModuleSyntax'],
  ...[
    '--target',
    'es2024',
    '--lib',
    'es2024',
    '--module',
    'nodenext',
    '--types',
    'node',
    '--allowImportingTsExtensions',
  ],
  // One thread each: the programs themselves run side by side.
  ...['--singleThreaded', '--pretty', 'false', '--noErrorTruncation'],
];

interface Diagnostic {
  readonly file: string;
  readonly line: number;
  readonly code: string;
  readonly text: string;
}

const programs = readdirSync(folder).filter(file => file.endsWith('.ts'));

describe('programs that must not compile', { concurrent: true }, () => {
  test.for(programs)('%s', { timeout: 60_000 }, async (program, context) => {
    const lines = readFileSync(join(folder, program), 'utf8').split('\n');
    const [, code, text] = /^\/\/ (TS\d+): (.+)$/.exec(lines[0] ?? '') ?? [];
    const line = lines.findIndex(l => l.trim() === '// error') + 2;
    context.expect(line, 'the program marks a line').toBeGreaterThan(2);

    const diagnostics = await inTurn(() => compile(join(folder, program)));
    context.expect(diagnostics).toHaveLength(1);
    context.expect(diagnostics[0]).toMatchObject({ file: `test/types/bad/${program}`, line, code });
    context.expect(diagnostics[0]?.text).toContain(text);
  });
});

test('there are programs', () => {
  expect(programs.length).toBeGreaterThanOrEqual(25);
});

function compile(file: string): Promise<Diagnostic[]> {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [tsc, ...options, file], { cwd: root }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error);
      else if (stderr !== '') reject(new Error(stderr));
      else resolve(diagnosticsIn(stdout));
    });
  });
}

/** Lines that begin with a place begin a diagnostic; indented ones below explain it. */
function diagnosticsIn(output: string): Diagnostic[] {
  return output.split(/\n(?=\S)/).flatMap(block => {
    const match = /^(.+?)\((\d+),\d+\): error (TS\d+): ([\s\S]*)$/.exec(block);
    if (!match) return block.trim() === '' ? [] : [{ file: '', line: 0, code: '', text: block }];
    const [, file = '', line = '', code = '', text = ''] = match;
    return [{ file, line: Number(line), code, text }];
  });
}

let free = Math.min(2, availableParallelism());
const waiting: (() => void)[] = [];

/** At most two compilers at a time. */
async function inTurn<T>(run: () => Promise<T>): Promise<T> {
  if (free > 0) free--;
  else await new Promise<void>(resolve => waiting.push(resolve));
  try {
    return await run();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else free++;
  }
}
