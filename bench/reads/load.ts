import { fork } from 'node:child_process';
import type { LoadOrder, LoadReport } from './load-child.ts';

/** Sends HTTP requests from another process, so that the server's thread serves and does nothing else. Reports by phase. */
export function load(order: LoadOrder): Promise<readonly LoadReport[]> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('./load-child.ts', import.meta.url));
    child.on('message', reports => resolve(reports as readonly LoadReport[]));
    child.on('error', reject);
    child.on('exit', code => reject(new Error(`the load generator ended with ${code}`)));
    child.send(order);
  });
}
