import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { startService, visit } from '../service/running.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { runCli, spawnCli, visitsModule } from './run-cli.ts';

const many = (count: number) => Array.from({ length: count }, (_, id) => `${visit(id)}\n`).join('');

function fileOf(content: string | Uint8Array, name = 'visits.ndjson'): string {
  const file = join(temporaryDirectory(), name);
  writeFileSync(file, content);
  return file;
}

describe('send and status', () => {
  test('events of a file, packed or not, reach the service', async () => {
    const service = await startService();
    const url = ['--url', service.url];
    const sent = await runCli('send', fileOf(many(2_500)), ...url);
    expect(sent).toEqual({ code: 0, stdout: '2,500 accepted\n', stderr: '' });
    const packed = await runCli(
      'send',
      fileOf(gzipSync(many(10)), 'v.ndjson.gz'),
      '--batch',
      '3',
      '--json',
      ...url,
    );
    expect(JSON.parse(packed.stdout)).toEqual({ accepted: 10, rejected: 0, rejections: [], stopped: false });
    await service.caughtUp();
    const status = await runCli('status', ...url);
    expect(status.stdout).toMatch(/^ready$/m);
    expect(status.stdout).toMatch(/^visits +2,510 +0 +2,510 +0 +0 +0 +0 +\d+ \/ \d+ ms$/m);
    expect(JSON.parse((await runCli('status', '--json', ...url)).stdout)).toMatchObject({ ready: true });
  });

  test('lines that are no JSON are named, and fail the command', async () => {
    const service = await startService();
    const file = fileOf(`${visit(1)}\n{"id":\n${visit(2)}\n`);
    const { code, stdout } = await runCli('send', file, '--url', service.url);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^2 accepted, 1 rejected\n {2}row 2: /);
  });

  test('errors say what to do', async () => {
    const { url } = await startService();
    const stderrOf = async (...args: string[]) => (await runCli(...args)).stderr;
    const nobody = ['--url', 'http://127.0.0.1:1'];
    expect(await stderrOf('status', ...nobody)).toContain('start it with millrace dev');
    expect(await stderrOf('status', '--url', 'nowhere')).toContain('is no URL');
    expect(await stderrOf('send', fileOf(visit(1)), '--stream', 'x', '--url', url)).toContain(
      'there is visits',
    );
    expect(await stderrOf('send', 'none.ndjson', '--url', url)).toContain('none.ndjson does not exist');
  });
});

describe('dev', () => {
  test('serves until Ctrl-C, and processes what it accepted', { timeout: 30_000 }, async () => {
    const folder = temporaryDirectory();
    let answered: Promise<number> | undefined;
    const { code, stdout, stderr } = await spawnCli(
      folder,
      ['dev', '--port', '0', '--window', '60000', '--data', 'data', '--features', visitsModule],
      child => {
        child.stdout!.once('data', async text => {
          const url = /http:\S+/.exec(text)![0];
          answered = runSend(url).finally(() => child.kill('SIGINT'));
        });
      },
    );
    expect(await answered).toBe(200);
    expect(stderr).toContain('stopping when all that was accepted is processed');
    expect(stdout).toMatch(/^Millrace listens at http:\/\/127\.0\.0\.1:\d+ \(data in data\)/);
    expect(stdout).toContain('stopped; 3 events were accepted, and all are processed');
    expect(code).toBe(0);
    const read = await runCli(
      'read',
      'visitor',
      'ann',
      '--features',
      visitsModule,
      '--data',
      join(folder, 'data'),
    );
    expect(read.stdout).toMatch(/^visits_lifetime +3$/m);
  });

  test('refuses odd options', async () => {
    expect((await runCli('dev', '--port', '70000')).stderr).toContain('from 0 to 65535');
    expect((await runCli('dev', '--window', 'soon')).stderr).toContain('milliseconds');
  });
});

async function runSend(url: string): Promise<number> {
  const headers = { 'content-type': 'application/x-ndjson' };
  return (await fetch(`${url}/v1/events`, { method: 'POST', headers, body: many(3) })).status;
}

describe('quarantine redrive', () => {
  test('in a data directory, and by a service', async () => {
    const file = fileOf(`${visit(1)}\n{"id":2}\n{"id":\n`);
    const data = join(temporaryDirectory(), 'data');
    const at = ['--features', visitsModule, '--data', data];
    await runCli('ingest', file, ...at);
    const redriven = await runCli('quarantine', 'redrive', '--reason', 'schema', ...at);
    expect(redriven).toMatchObject({ code: 0, stdout: '1 redriven: 0 counted, 1 set aside again\n' });
    const { counts } = JSON.parse((await runCli('quarantine', 'list', '--json', ...at)).stdout);
    expect(counts).toEqual({ schema: 1, 'not-json': 1 });

    const service = await startService({ directory: data });
    const all = await runCli('quarantine', 'redrive', '--all', '--url', service.url);
    expect(all).toMatchObject({ code: 0, stdout: '2 redriven\n' });
    expect((await runCli('quarantine', 'redrive', ...at)).stderr).toContain('their ids, --reason, or --all');
  });
});

describe('reset', () => {
  test('asks, and removes only what is a data directory', async () => {
    const folder = temporaryDirectory();
    const data = join(folder, 'data');
    await runCli('ingest', fileOf(visit(1)), '--features', visitsModule, '--data', data);
    const asked = await runCli('reset', '--data', data);
    expect(asked).toMatchObject({ code: 1, stderr: expect.stringContaining('give --yes') });
    expect(existsSync(data)).toBe(true);
    expect(await runCli('reset', '--data', data, '--yes')).toMatchObject({ code: 0, stderr: '' });
    expect(existsSync(data)).toBe(false);
    expect((await runCli('reset', '--data', data, '--yes')).stderr).toContain('does not exist');

    mkdirSync(join(folder, 'other'));
    writeFileSync(join(folder, 'other/mine.txt'), '');
    expect((await runCli('reset', '--data', join(folder, 'other'), '--yes')).stderr).toContain(
      'holds other files',
    );
    expect(existsSync(join(folder, 'other/mine.txt'))).toBe(true);
  });

  test('leaves a directory that is in use', async () => {
    const { local } = await startService();
    const { code, stderr } = await runCli('reset', '--data', local.directory, '--yes');
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('share it') });
    expect(existsSync(local.directory)).toBe(true);
  });
});
