import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  closingLine,
  countTests,
  noTests,
  type TestCounts,
  unloadedFiles,
  type VitestReport,
} from './house/test-counts.ts';

/**
 * `npm test`: types, lint, imports, then the tests. Stops at the first step that fails. The last line says how many
 * tests passed, failed and were skipped, by vitest's own report; where an earlier step failed no test ran.
 *
 *   npm test                          everything
 *   npm test -- test/kernel           the steps before, and the tests of a folder
 *   npm test -- -t 'name of a test'   any option of `vitest run`
 *
 * Exit status: 0 if every step passed, else 1.
 */
async function main(): Promise<number> {
  const scratch = await mkdtemp(join(tmpdir(), 'millrace-test-'));
  const reportFile = join(scratch, 'report.json');
  const steps: readonly Step[] = [
    { name: 'types', command: ['tsc'] },
    { name: 'lint', command: ['biome', 'check'] },
    { name: 'imports', command: [process.execPath, 'test/house/imports.ts'] },
    { name: 'tests', command: vitest(reportFile) },
  ];
  try {
    const failed = await firstFailed(steps);
    const report = await readReport(reportFile);
    const counts = report === null ? noTests : countTests(report);
    for (const file of report === null ? [] : unloadedFiles(report))
      console.log(`could not be loaded: ${file}`);
    if (failed !== null) console.log(`\nfailed: ${failed.name}`);
    else if (report === null || !ranAny(counts)) console.log('\nfailed: no test ran');
    console.log(closingLine(counts));
    return failed === null && ranAny(counts) && counts.failed === 0 ? 0 : 1;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const vitest = (reportFile: string): readonly [string, ...string[]] => [
  'vitest',
  'run',
  '--typecheck',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${reportFile}`,
  '--reporter=./test/house/skipped-tests.ts',
  ...process.argv.slice(2),
];

async function firstFailed(steps: readonly Step[]): Promise<Step | null> {
  for (const step of steps) {
    const started = performance.now();
    console.log(`── ${step.name}`);
    const status = await run(step.command);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`── ${step.name}: ${status === 0 ? 'passed' : `failed with ${status}`}, ${seconds} s`);
    if (status !== 0) return step;
  }
  return null;
}

/** Runs a program of node_modules/.bin, or one named by its path; what it prints is shown as it comes. */
function run([program, ...args]: readonly [string, ...string[]]): Promise<number | string> {
  const PATH = `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH ?? ''}`;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: 'inherit', env: { ...process.env, PATH } });
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? signal ?? 1));
  });
}

async function readReport(file: string): Promise<VitestReport | null> {
  return existsSync(file) ? JSON.parse(await readFile(file, 'utf8')) : null;
}

const ranAny = ({ passed, failed }: TestCounts): boolean => passed + failed > 0;

process.exitCode = await main();
