import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./child.ts', import.meta.url));

/** Runs child.ts until it has said `lines` lines, or ended; `kill` ends it as a crash would. */
export async function startChild(task: 'hold' | 'append', path: string, lines: number) {
  const child = spawn(process.execPath, [script, task, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const said: string[] = [];
  const reader = createInterface({ input: child.stdout });
  const enough = new Promise<void>(resolve => {
    reader.on('line', line => {
      said.push(line);
      if (said.length >= lines) resolve();
    });
  });
  await Promise.race([enough, exited]);
  return {
    pid: child.pid!,
    /** All that it said, until the end. */
    said,
    async kill() {
      const closed = once(reader, 'close');
      child.kill('SIGKILL');
      await Promise.all([exited, closed]);
    },
  };
}
