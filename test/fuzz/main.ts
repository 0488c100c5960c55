import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startTarget } from './target.ts';
import { installTool, runTool, type ToolReport } from './tool.ts';

/**
 * Fuzzes a running service of the feed with Schemathesis, from its OpenAPI document, while events flow into it: valid
 * requests have to be taken, invalid ones refused, every answer has to be as described, and none may be a 5xx.
 *
 *   npm run fuzz                               300 examples for each kind of request
 *   npm run fuzz -- --examples 25 --seed 7
 *   npm run fuzz -- --venv DIR                 where the tool is, or is to be installed
 *
 * Exit status: 0 if nothing was found, 1 if something was, 2 if it could not be run: without Python there is no fuzz.
 */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      examples: { type: 'string', default: '300' },
      seed: { type: 'string' },
      venv: { type: 'string', default: join('node_modules', '.cache', 'millrace-fuzz') },
    },
  });
  const examples = Number(values.examples);
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  if (!(Number.isSafeInteger(examples) && examples > 0 && Number.isSafeInteger(seed))) {
    throw new Error('--examples is a whole number above 0, --seed a whole number');
  }
  const tool = await installTool(values.venv);
  const scratch = await mkdtemp(join(tmpdir(), 'millrace-fuzz-'));
  try {
    const target = await startTarget(join(scratch, 'data'), seed);
    const report = await runTool(tool, { url: target.url, examples, seed, scratch });
    const outcome = await target.stop();
    const problems = [...problemsOf(report), ...outcome.problems];
    for (const problem of problems) console.log(problem);
    console.log(`${outcome.events} events of the feed flowed in meanwhile`);
    console.log(
      `fuzz: ${report.test_cases.generated} requests of ${report.operations.tested} operations, seed ${seed}, ${problems.length} problems`,
    );
    return problems.length === 0 ? 0 : 1;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A run that was cut short, or tried nothing, has shown nothing. */
function problemsOf({ exit_code, complete, operations, test_cases, errors }: ToolReport): string[] {
  const problems: string[] = [];
  if (test_cases.unique_failures > 0 || errors.length > 0 || exit_code !== 0)
    problems.push(`the tool found ${test_cases.unique_failures} failures and met ${errors.length} errors`);
  if (!complete) problems.push('the tool did not come to its end');
  if (operations.tested < leastOperations || operations.tested < operations.total)
    problems.push(`only ${operations.tested} of ${operations.total} operations were tried`);
  if (test_cases.generated < leastRequests) problems.push(`only ${test_cases.generated} requests were made`);
  return problems;
}

/** The tool leaves out the document itself. */
const leastOperations = 7;
const leastRequests = 300;

main().then(
  status => {
    process.exitCode = status;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? (process.env.DEBUG ? error.stack : error.message) : error);
    console.error('fuzz: not run');
    process.exitCode = 2;
  },
);
