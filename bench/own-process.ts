import { fork } from 'node:child_process';
import type { BenchOptions, Result } from './result.ts';

/** What the process of a benchmark is told. */
export interface Order {
  readonly name: string;
  readonly runs: number;
  readonly shrink: number;
}

/** What it says. */
export type Said = { readonly progress: string } | { readonly results: readonly Result[] };

/**
 * Runs a benchmark in a process of its own. In a process that has run others V8 compiles for what all of them did, kernels of
 * other groups and stores among it, and a service never meets those.
 */
export function inOwnProcess(
  name: string,
  { runs, shrink, progress }: BenchOptions,
): Promise<readonly Result[]> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('./process.ts', import.meta.url));
    child.on('message', (said: Said) => {
      if ('progress' in said) progress(said.progress);
      else resolve(said.results);
    });
    child.on('error', reject);
    child.on('exit', (code, signal) =>
      reject(new Error(`${name}: its process ended with ${code ?? signal}`)),
    );
    child.send({ name, runs, shrink } satisfies Order);
  });
}
