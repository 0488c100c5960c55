import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { createSender, expectCountedOnce } from './acknowledged.ts';
import { clientOf, startService } from './running.ts';

const kills = Number(process.env.MILLRACE_KILLS ?? 30);
/**
 * ms from a service's first answer until it is killed, at most: at any moment of a batch. A second thread needs some
 * hundred to begin.
 */
const lives = [
  { kills, longest: 150, thread: [] },
  { kills: Math.ceil(kills / 3), longest: 1_500, thread: ['1'] },
] as const;

async function startChild(
  directory: string,
  thread: readonly string[],
): Promise<{ child: ChildProcess; url: string }> {
  const script = fileURLToPath(new URL('./child.ts', import.meta.url));
  const child = spawn(process.execPath, [script, directory, ...thread], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [url] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  return { child, url };
}

test.each(lives)(
  'killed $kills times within $longest ms under load, every acknowledged event counts exactly once',
  {
    timeout: 20_000 + kills * 3_000,
  },
  async ({ kills, longest, thread }) => {
    const directory = temporaryDirectory();
    const events = createSender();

    for (let kill = 0; kill < kills; kill++) {
      const { child, url } = await startChild(directory, thread);
      const client = clientOf(url);
      const first = Promise.withResolvers<void>();
      let killed = false;
      const sender = async () => {
        while (!killed) {
          await events.send(client, 25);
          first.resolve();
        }
      };
      const senders = [sender(), sender(), sender()];
      await first.promise;
      await new Promise(resolve => setTimeout(resolve, Math.random() * longest));
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      killed = true;
      await Promise.all([ended, ...senders]);
    }

    const service = await startService({ directory });
    await service.caughtUp();
    expect(events.acknowledged.length).toBeGreaterThan(25 * kills);
    await expectCountedOnce(service, events);
    expect((await service.status()).quarantined).toEqual({});
  },
);
