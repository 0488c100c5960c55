import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { runCli as run } from '../../lib/cli/main.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const millraceProgram = join(root, 'bin/millrace.ts');
export const visitsModule = join(root, 'test/cli/visits.ts');
export const retailModule = join(root, 'features/retail/index.ts');

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `millrace …` in this process, as if its output went to files. */
export async function runCli(...args: readonly string[]): Promise<CliResult> {
  const written = { stdout: '', stderr: '' };
  const undo = (['stdout', 'stderr'] as const).map(name => {
    const stream = process[name];
    const { isTTY } = stream;
    stream.isTTY = false;
    const spy = vi.spyOn(stream, 'write').mockImplementation(text => {
      written[name] += text;
      return true;
    });
    return () => {
      spy.mockRestore();
      stream.isTTY = isTTY;
    };
  });
  try {
    return { code: await run(args), ...written };
  } finally {
    for (const restore of undo) restore();
  }
}

/** Runs it as a process of its own, with `cwd` as its working directory. */
export function spawnCli(
  cwd: string,
  args: readonly string[],
  onStart?: (child: ChildProcess) => void,
): Promise<CliResult> {
  const child = spawn(process.execPath, [millraceProgram, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: undefined },
  });
  onStart?.(child);
  const text = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', part => {
    text.stdout += part;
  });
  child.stderr.setEncoding('utf8').on('data', part => {
    text.stderr += part;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', code => resolve({ code, ...text }));
  });
}
