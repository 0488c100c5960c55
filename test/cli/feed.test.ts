import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { millraceProgram, runCli, spawnCli } from './run-cli.ts';

const feed = ['feed', '--port', '0', '--data', 'data'];

test('ends after as many events, and the next start goes on from there', { timeout: 60_000 }, async () => {
  const folder = temporaryDirectory();
  const first = await spawnCli(folder, [...feed, '--rate', '10000', '--events', '8000']);
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(first.stdout).not.toContain('\x1b');
  expect(first.stdout).toMatch(/^Millrace · a feed of short videos · http:\S+ · data in data, begun anew$/m);
  expect(first.stdout).toMatch(/^\d+ s: .* behind · .* late, .* duplicate, .* bad · u5 shown 1h: /m);
  expect(first.stdout).toMatch(/^u5 +[1-9]/m);
  expect(first.stdout).toMatch(/^Stopped after .* s: [78],\d{3} events taken .*, all processed$/m);

  const second = await spawnCli(folder, [...feed, '--events', '300', '--json']);
  expect(second.code).toBe(0);
  expect(second.stderr).toMatch(/data in data, going on after [78],\d{3} events, the last .* before$/m);
  expect(second.stderr).toMatch(/^\d+ s: /m);
  const last = JSON.parse(second.stdout);
  const taken = Number(/([\d,]+) events taken/.exec(first.stdout)![1]!.replace(',', ''));
  expect(last.found).toMatchObject({ stream: 'interactions', events: taken, behind: 0 });
  expect(last.stream).toMatchObject({ behind: 0, error: null });
  expect(last.stream.received.accepted).toBeGreaterThan(250);
  // The new events have ids of their own: none passes for a copy of the first run's.
  expect(last.stream.processed.skipped).toBeLessThan(last.stream.processed.counted / 10);
  const shown = Number(/^u5 +([\d,]+)/m.exec(first.stdout)![1]);
  expect(last.entities[0]).toMatchObject({ key: { user: 'u5' }, status: 'known' });
  expect(last.entities[0].values.user_impressions_1h).toBeGreaterThanOrEqual(shown);
});

test('other clients send and read meanwhile, and Ctrl-C processes what they sent', {
  timeout: 60_000,
}, async () => {
  const folder = temporaryDirectory();
  let answer: unknown;
  const { code, stderr, stdout } = await spawnCli(folder, [...feed, '--rate', '200'], child => {
    createInterface(child.stdout!).once('line', async line => {
      const url = /http:[^ ]+/.exec(line)![0];
      const event = {
        event_id: 'mine-1',
        user: 'you',
        item: 'v1',
        author: 'a1',
        category: 'music',
        action: 'click',
        duration_ms: 9_000,
        position: 1,
        os: 'web',
        country: 'PL',
        ts: Date.now(),
      };
      const headers = { 'content-type': 'application/json' };
      const post = (path: string, body: object) =>
        fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) }).then(reply =>
          reply.json(),
        );
      answer = await post('/v1/events', event).finally(() => child.kill('SIGINT'));
    });
  });
  expect(answer).toMatchObject({ accepted: 1 });
  expect(stderr).toContain('stopping when all that was accepted is processed');
  expect(stdout).toMatch(/^Stopped after .* all processed$/m);
  expect(code).toBe(0);
  const definitions = ['--features', 'features/feed/index.ts', '--data', `${folder}/data`];
  const read = await runCli('read', 'user_engagement', 'you', ...definitions);
  expect(read.stdout).toMatch(/^clicks_1h +1$/m);
});

test('refuses odd options', async () => {
  expect((await runCli('feed', '--rate', '0')).stderr).toContain('from 1 to 20000');
  expect((await runCli('feed', '--seconds', 'ten')).stderr).toContain('Write a whole number');
  expect((await runCli('feed', '--port', '70000')).stderr).toContain('from 0 to 65535');
});

/** util-linux's gives a program a terminal. */
const hasScript =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false;

describe.skipIf(!hasScript)('on a terminal', () => {
  test('takes the screen and gives it back before it sums up', { timeout: 60_000 }, async () => {
    const command = `"${process.execPath}" "${millraceProgram}" feed --port 0 --data data --events 100`;
    const child = spawn('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], {
      cwd: temporaryDirectory(),
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TERM: 'xterm', NO_COLOR: '1', FORCE_COLOR: undefined },
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', text => {
      output += text;
    });
    const code = await new Promise(resolve => child.on('close', resolve));
    expect(code, output).toBe(0);
    const begin = '\x1b[?1049h';
    const end = '\x1b[?25h\x1b[?1049l';
    expect(output.startsWith(begin)).toBe(true);
    const [screen, after] = output.slice(begin.length).split(end) as [string, string];
    expect(screen).toContain('Ask it from another terminal');
    expect(after).toMatch(/^\r\nuser .*Stopped after .* all processed/s);
    expect(after).not.toContain('\x1b');
  });
});
