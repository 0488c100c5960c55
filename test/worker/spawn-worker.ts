import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { millraceProgram } from '../cli/run-cli.ts';

export interface SpawnedWorker {
  readonly child: ChildProcess;
  /** What it has said, as JSON. */
  readonly lines: readonly Record<string, unknown>[];
  /** What went to stderr. */
  errors(): string;
  /** The shards that it holds by what it has said. */
  shards(): string[];
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** `millrace worker --json …` as a process of its own, in a world of these endpoints. */
export function spawnWorker(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): SpawnedWorker {
  const child = spawn(process.execPath, [millraceProgram, 'worker', '--json', ...args], {
    env: {
      ...process.env,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: Record<string, unknown>[] = [];
  createInterface({ input: child.stdout }).on('line', line => lines.push(JSON.parse(line)));
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  return {
    child,
    lines,
    errors: () => errors,
    shards() {
      const held = new Set<string>();
      for (const { kind, shard, change } of lines) {
        if (kind !== 'lease') continue;
        if (String(change).startsWith('taken')) held.add(String(shard));
        else held.delete(String(shard));
      }
      return [...held];
    },
    ended: new Promise(resolve => child.on('close', (code, signal) => resolve(code ?? signal!))),
  };
}

/** Looks again and again, for two minutes at most. */
export async function eventually(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const end = Date.now() + 120_000; Date.now() < end; ) {
    if (await holds()) return;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  throw new Error(`it did not come within two minutes: ${what}`);
}
