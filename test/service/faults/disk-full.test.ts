import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { createSender, expectCountedOnce } from '../acknowledged.ts';
import { clientOf } from '../running.ts';

/*
 * A disk that is really full: a file system of its own, small and in memory, which Linux lets anyone mount in a
 * namespace of his own (where it does; the same faults are injected in store.test.ts).
 */

/** Files that are removed to make room: after 30 MB the service goes on, after 20 it did not within 30 s. */
const ballastMiB = 40;
const diskMiB = 120;

/** Starts a process that holds the namespace with the disk; null where the machine has no such thing. */
async function mountDisk(path: string): Promise<Disk | null> {
  const script = `mount -t tmpfs -o size=${diskMiB}m tmpfs "$0" && echo mounted && exec sleep infinity`;
  const holder = spawn('unshare', ['--map-root-user', '--mount', 'sh', '-c', script, path], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void holder.kill('SIGKILL'));
  const said = await Promise.race([
    once(createInterface({ input: holder.stdout }), 'line'),
    once(holder, 'exit').catch(() => null),
    once(holder, 'error').catch(() => null),
  ]);
  if (said?.[0] !== 'mounted') return null;
  const inside = ['--target', `${holder.pid}`, '--user', '--mount', '--preserve-credentials', '--wd=/'];
  return {
    start: (program, args) =>
      spawn('nsenter', [...inside, program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] }),
    run(program, ...args) {
      const { status, stderr } = spawnSync('nsenter', [...inside, program, ...args], { encoding: 'utf8' });
      if (status !== 0) throw new Error(`${program} on the small disk: ${status} ${stderr}`);
    },
  };
}

interface Disk {
  start(program: string, args: readonly string[]): ChildProcess;
  run(program: string, ...args: readonly string[]): void;
}

async function startService(disk: Disk, directory: string, more: readonly string[]) {
  const script = fileURLToPath(new URL('../child.ts', import.meta.url));
  const child = disk.start(process.execPath, [script, directory, ...more]);
  onTestFinished(() => void child.kill('SIGKILL'));
  let errors = '';
  child.stderr!.on('data', part => {
    errors += part;
  });
  const ended = once(child, 'exit');
  const line = await Promise.race([
    once(createInterface({ input: child.stdout! }), 'line'),
    ended.then(() => null),
  ]);
  return { child, ended, client: line === null ? null : clientOf(line[0] as string), errors: () => errors };
}

test.for([
  ['one thread folds', []],
  ['two threads fold', ['1']],
] as const)(
  'a disk that fills up while %s: events are refused, reads go on, and nothing is lost, killed meanwhile or not',
  {
    timeout: 120_000,
  },
  async ([, more], context) => {
    const path = temporaryDirectory();
    const disk = await mountDisk(path);
    if (disk === null) return context.skip('this machine lets nobody mount a small disk (unshare)');
    const events = createSender();
    const pad = 'x'.repeat(4_000);

    /** Sends until events are refused. */
    async function fill(client: ReturnType<typeof clientOf>): Promise<void> {
      for (;;) {
        const answer = await events.send(client, 100, { pad });
        if (answer?.status === 200) continue;
        expect(answer).toMatchObject({ status: 503, json: { error: { code: 'unavailable' } } });
        expect(answer!.headers.get('retry-after')).toBe('5');
        return;
      }
    }
    const taken = (client: ReturnType<typeof clientOf>) =>
      vi.waitFor(async () => expect((await events.send(client, 1))?.status).toBe(200), {
        timeout: 30_000,
        interval: 250,
      });

    for (const file of ['ballast', 'reserve'])
      disk.run('dd', 'if=/dev/zero', `of=${path}/${file}`, 'bs=1M', `count=${ballastMiB}`);
    const first = await startService(disk, `${path}/data`, more);
    const client = first.client!;
    await fill(client);
    expect(events.acknowledged.length).toBeGreaterThan(500);
    expect((await client.ask('/ready')).status).toBe(503);
    const { json } = await client.readGroup('visitor', { user: events.acknowledged[0]! });
    expect(json.entities[0].status).toBe('known');
    disk.run('rm', `${path}/ballast`);
    await taken(client);
    await client.caughtUp();
    await expectCountedOnce(client, events);

    await fill(client);
    first.child.kill('SIGKILL');
    await first.ended;

    // Opened again on the full disk, it says so: at once, or when it is to write.
    const full = await startService(disk, `${path}/data`, more);
    if (full.client === null) expect(full.errors()).toContain('No space left on device');
    else await fill(full.client);
    full.child.kill('SIGKILL');
    await full.ended;

    disk.run('rm', `${path}/reserve`);
    const last = await startService(disk, `${path}/data`, more);
    await taken(last.client!);
    await last.client!.caughtUp();
    await expectCountedOnce(last.client!, events);
  },
);
