import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { clientOf, startService, visit } from './running.ts';

const kills = Number(process.env.MILLRACE_KILLS ?? 30);
/** ms from a service's first answer until it is killed, at most: at any moment of a batch. */
const longestLife = 150;

async function startChild(directory: string): Promise<{ child: ChildProcess; url: string }> {
  const script = fileURLToPath(new URL('./child.ts', import.meta.url));
  const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [url] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  return { child, url };
}

test(`killed ${kills} times under load, every acknowledged event counts exactly once`, {
  timeout: 20_000 + kills * 3_000,
}, async () => {
  const directory = temporaryDirectory();
  // Every event has a user of its own, so that each is counted alone.
  const acknowledged: string[] = [];
  const unanswered: string[] = [];
  let id = 0;

  for (let kill = 0; kill < kills; kill++) {
    const { child, url } = await startChild(directory);
    const { sendLines } = clientOf(url);
    const first = Promise.withResolvers<void>();
    let killed = false;
    const sender = async () => {
      while (!killed) {
        const ids = Array.from({ length: 25 }, () => id++);
        const users = ids.map(one => `user ${one}`);
        const answer = await sendLines(users.map((user, i) => visit(ids[i]!, { user }))).catch(() => null);
        if (answer === null) unanswered.push(...users);
        else if (answer.status === 200) acknowledged.push(...users);
        first.resolve();
      }
    };
    const senders = [sender(), sender(), sender()];
    await first.promise;
    await new Promise(resolve => setTimeout(resolve, Math.random() * longestLife));
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    killed = true;
    await Promise.all([ended, ...senders]);
  }

  const service = await startService({ directory });
  await service.caughtUp();
  const countsOf = async (users: readonly string[]) => {
    const counts = new Map<number, number>();
    for (let from = 0; from < users.length; from += 1_000) {
      const keys = users.slice(from, from + 1_000).map(user => ({ user }));
      const { json } = await service.readGroup('visitor', ...keys);
      const column = json.features.indexOf('visits_lifetime');
      for (const { values } of json.entities)
        counts.set(values[column], (counts.get(values[column]) ?? 0) + 1);
    }
    return counts;
  };
  expect(acknowledged.length).toBeGreaterThan(25 * kills);
  expect(await countsOf(acknowledged)).toEqual(new Map([[1, acknowledged.length]]));
  for (const count of (await countsOf(unanswered)).keys()) expect([0, 1]).toContain(count);
  expect((await service.status()).quarantined).toEqual({});
});
