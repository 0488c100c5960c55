import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { visit } from '../service/running.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { startEnvironment } from './deployed-environment.ts';
import { runCli } from './run-cli.ts';

function eventsFile(count: number): string {
  const file = join(temporaryDirectory(), 'visits.ndjson');
  writeFileSync(file, Array.from({ length: count }, (_, id) => `${visit(id)}\n`).join(''));
  return file;
}

test('what a deployed environment does not store in time is sent again, and only that', async () => {
  const requests: { readonly path: string; readonly signed: boolean; readonly rows: string[] }[] = [];
  await startEnvironment((request, body) => {
    const rows = body.trim().split('\n');
    const signed = request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 Credential=AKID/') === true;
    requests.push({ path: request.url ?? '', signed, rows });
    const events = rows.map((_, i) =>
      requests.length === 1 && i % 2 === 1
        ? { status: 'failed', reason: 'throttled', message: 'not in time', uncertain: false }
        : { status: 'accepted', position: `visits/shardId-0/${i}/0` },
    );
    const failed = events.filter(event => event.status === 'failed').length;
    return {
      status: 200,
      body: JSON.stringify({ accepted: rows.length - failed, rejected: 0, failed, events }),
    };
  });
  const { code, stdout, stderr } = await runCli('send', eventsFile(5), '--env', 'dev');
  expect({ code, stdout }).toEqual({ code: 0, stdout: '5 accepted\n' });
  expect(stderr).toContain('2 events were not stored in time, and are sent again');
  expect(requests.map(({ path, signed, rows }) => [path, signed, rows.length])).toEqual([
    ['/stage/v1/events', true, 5],
    ['/stage/v1/events', true, 2],
  ]);
  expect(requests[1]?.rows.map(row => JSON.parse(row).id)).toEqual([1, 3]);
});

test('where nothing of a request is stored, the first row is named', async () => {
  await startEnvironment((_, body) => {
    const events = body
      .trim()
      .split('\n')
      .map(() => ({ status: 'failed', reason: 'too-large', message: 'over 1 MB', uncertain: false }));
    return {
      status: 200,
      body: JSON.stringify({ accepted: 0, rejected: 0, failed: events.length, events }),
    };
  });
  const { code, stderr } = await runCli('send', eventsFile(2), '--env', 'dev');
  expect(code).toBe(1);
  expect(stderr).toMatch(/did not store 2 events, the first of row 1: over 1 MB/);
});

test('errors say what to do', async () => {
  await startEnvironment(() => ({ status: 403, body: '{"message":"Forbidden"}' }));
  const stderrOf = async (...args: string[]) => (await runCli(...args)).stderr;
  expect(await stderrOf('send', eventsFile(1), '--env', 'dev')).toMatch(
    /^millrace: http:\S+\/stage answers 403: Forbidden$/m,
  );
  expect(await stderrOf('status', '--env', 'prod')).toContain(
    'no environment prod is deployed in eu-central-1',
  );
  // Before the command is as good as after it.
  for (const place of [['--env', 'prod'], ['--env=prod']])
    expect(await stderrOf(...place, 'quarantine', 'list')).toContain('no environment prod is deployed');
  expect(await stderrOf('--env', 'dev', 'demo')).toContain("unknown option '--env'");
  expect(await stderrOf('status', '--env', 'typo')).toContain('there is no environment typo: ');
  expect(await stderrOf('send', eventsFile(1), '--env', 'dev', '--url', 'http://127.0.0.1:1')).toContain(
    'no service answers at http://127.0.0.1:1: is environment dev still deployed?',
  );
});
