import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Of the tool's report, what is looked at here. */
export interface ToolReport {
  readonly exit_code: number;
  readonly complete: boolean;
  readonly operations: { readonly total: number; readonly tested: number };
  readonly test_cases: { readonly generated: number; readonly unique_failures: number };
  readonly errors: readonly unknown[];
}

const requirements = fileURLToPath(new URL('./requirements.txt', import.meta.url));
const configuration = fileURLToPath(new URL('./schemathesis.toml', import.meta.url));

/** The tool's path, installed into a virtual environment of Python's unless it is there. Throws where there is no Python. */
export async function installTool(folder: string): Promise<string> {
  const wanted = await readFile(requirements, 'utf8');
  const stamp = join(folder, 'requirements.txt');
  if (!existsSync(stamp) || (await readFile(stamp, 'utf8')) !== wanted) {
    console.log(`installing Schemathesis into ${folder}`);
    const made = await run('python3', ['-m', 'venv', '--clear', folder]);
    if (made !== 0)
      throw new Error('Python 3.10 or later with venv is needed to fuzz: install python3 and python3-venv');
    const pip = ['install', '--quiet', '--disable-pip-version-check', '--requirement', requirements];
    const installed = await run(join(folder, 'bin', 'pip'), pip);
    if (installed !== 0) throw new Error('pip could not install Schemathesis: see what it says above');
    await writeFile(stamp, wanted);
  }
  return resolve(folder, 'bin', 'schemathesis');
}

export interface RunOptions {
  /** Of the service. */
  readonly url: string;
  /** For each kind of request. */
  readonly examples: number;
  readonly seed: number;
  /** Where it may leave files: it remembers what it found, which another run shall not depend on. */
  readonly scratch: string;
}

export async function runTool(
  tool: string,
  { url, examples, seed, scratch }: RunOptions,
): Promise<ToolReport> {
  const report = join(scratch, 'report.json');
  const options = [
    '--checks=all',
    `--max-examples=${examples}`,
    `--seed=${seed}`,
    '--continue-on-failure',
    '--report=json',
    `--report-json-path=${report}`,
  ];
  await run(tool, [`--config-file=${configuration}`, 'run', `${url}/openapi.json`, ...options], scratch);
  return JSON.parse(await readFile(report, 'utf8'));
}

/** Runs a program; what it prints is shown. Its exit status, or what kept it from starting. */
function run(program: string, args: readonly string[], cwd?: string): Promise<number | string> {
  return new Promise(resolve => {
    const where = cwd === undefined ? {} : { cwd };
    const child = spawn(program, args, { ...where, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', error => resolve(error.message));
    child.on('exit', (code, signal) => resolve(code ?? signal ?? 1));
  });
}
