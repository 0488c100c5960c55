import { cpSync, existsSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { retailModule, runCli, spawnCli, visitsModule } from './run-cli.ts';

const start = Date.UTC(2020, 0, 1);
const event = (id: number, more: object = {}) =>
  JSON.stringify({
    id,
    ts: start + id * 1000,
    user: `u${id % 2}`,
    page: '7301234567890123456',
    kind: id % 4 === 0 ? 'click' : 'view',
    ms: id,
    ...more,
  });
const events = (count: number) => Array.from({ length: count }, (_, i) => `${event(i + 1)}\n`).join('');

/** A folder with an events file, and the command line with the tests' definitions and a data directory in it. */
function setUp(content: string | Uint8Array = events(100), name = 'visits.ndjson') {
  const folder = temporaryDirectory();
  const file = join(folder, name);
  writeFileSync(file, content);
  const data = join(folder, 'data');
  const cli = (...args: readonly string[]) =>
    runCli(...args, ...(args.includes('--features') ? [] : ['--features', visitsModule]), '--data', data);
  return { folder, file, cli };
}

describe('ingest and read', () => {
  test('what is in is told, though a later file cannot be opened', async () => {
    const { file, cli } = setUp();
    const { code, stdout, stderr } = await cli('ingest', file, 'none.csv', '--replay');
    expect(code).toBe(1);
    expect(stdout).toContain('100 counted');
    expect(stderr).toContain('none.csv does not exist');
  });

  test('events become feature values', async () => {
    const { file, cli } = setUp();
    const ingested = await cli('ingest', file, '--replay');
    expect(ingested).toMatchObject({ code: 0, stderr: '' });
    expect(ingested.stdout).toMatch(
      /^.*visits\.ndjson: 100 rows into visits in [\d.]+ s \([\d,]+\/s\)\n {2}100 counted\n$/,
    );

    const table = await cli('read', 'visitor', 'u0', 'nobody');
    expect(table).toMatchObject({ code: 0, stderr: '' });
    expect(table.stdout).not.toContain('\u001b');
    expect(table.stdout).toMatch(/^visitor +u0 +nobody \(unknown\)$/m);
    expect(table.stdout).toMatch(/^visits_7d +50 +0$/m);
    expect(table.stdout).toMatch(/^ms_7d +2550 +null$/m);
    expect(table.stdout).toMatch(/^click_rate +0\.5 +null$/m);
    expect(table.stdout).toContain('as of 2020-01-01T00:01:40.001Z');

    const json = JSON.parse((await cli('read', 'visitor', 'user=u1', '--json')).stdout);
    expect(json).toMatchObject({
      group: 'visitor',
      asOf: '2020-01-01T00:01:40.001Z',
      entities: [{ key: { user: 'u1' }, status: 'known', values: { visits_lifetime: 50, clicks_7d: 0 } }],
    });
    expect(json.entities[0].values.pages).toEqual(Array(3).fill('7301234567890123456'));
  });

  test('a file is read once, and on from where it was broken', async () => {
    const whole = gzipSync(events(30_000));
    const { file, cli } = setUp(whole.subarray(0, 100_000), 'visits.ndjson.gz');
    const broken = await cli('ingest', file, '--replay', '--json');
    expect(broken.code).toBe(1);
    expect(broken.stderr).toMatch(
      /^millrace: .*visits\.ndjson\.gz, after row \d+: the gzip file ends too early \(truncated\)$/m,
    );
    const { files } = JSON.parse(broken.stdout);
    expect(files).toMatchObject([{ outcome: 'broken', error: { name: 'SourceError' } }]);
    expect(files[0].counts.accepted).toBe(files[0].rows);

    writeFileSync(file, whole);
    expect((await cli('ingest', file, '--replay')).stdout).toContain(
      `after row ${files[0].rows.toLocaleString('en-US')}`,
    );
    const again = await cli('ingest', file, '--replay');
    expect(again).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing new; its 30,000 rows are in'),
    });
    expect((await cli('read', 'visitor', 'u0')).stdout).toMatch(/^visits_lifetime +15000$/m);
  });

  /** Starts to ingest a large file and sends the signal as soon as the data directory is open. */
  async function interrupt(folder: string, file: string, signal: NodeJS.Signals) {
    const args = ['ingest', file, '--replay', '--features', visitsModule, '--data', 'data'];
    return spawnCli(folder, args, child => {
      const watcher = watch(folder, { recursive: true }, () => {
        if (!existsSync(join(folder, 'data/pid'))) return;
        watcher.close();
        child.kill(signal);
      });
    });
  }

  test('Ctrl-C stops after the batch in hand, and the same command goes on', {
    timeout: 30_000,
  }, async () => {
    const { folder, file, cli } = setUp(events(100_000));
    const stopped = await interrupt(folder, file, 'SIGINT');
    expect(stopped.stderr).toContain('stopping after the batch in hand; Ctrl-C again quits at once');
    expect(stopped.code).toBe(130);
    expect(stopped.stdout).toMatch(/stopped at row [\d,]+: run the same command to go on/);
    expect(await cli('ingest', file, '--replay')).toMatchObject({ code: 0 });
    expect((await cli('read', 'visitor', 'u0')).stdout).toMatch(/^visits_lifetime +50000$/m);
  });

  test('a killed process leaves nothing half done', { timeout: 30_000 }, async () => {
    const { folder, file, cli } = setUp(events(100_000));
    expect(await interrupt(folder, file, 'SIGKILL')).toMatchObject({ code: null });
    expect(await cli('ingest', file, '--replay')).toMatchObject({ code: 0 });
    expect((await cli('read', 'visitor', 'u0')).stdout).toMatch(/^visits_lifetime +50000$/m);
  });

  test('columns can be mapped; composite keys and services are read', async () => {
    const csv =
      'when,who,page,kind,ms\n2020-01-01 00:00:01,ann,9007199254740993,view,5\n2020-01-01 00:00:02,ann,9007199254740993,click,\n';
    const { file, cli } = setUp(csv, 'visits.csv');
    const maps = ['--map', 'id=$line', '--map', 'ts=when', '--map', 'user=who'];
    expect((await cli('ingest', file, '--replay', ...maps)).stdout).toContain('2 counted');
    const pages = await cli(
      'read',
      'visitor_page',
      'user=ann,page=9007199254740993',
      'user=ann,page=9007199254740992',
      '--json',
    );
    expect(JSON.parse(pages.stdout).entities).toMatchObject([
      { status: 'known', values: { visits: 2 } },
      { status: 'unknown', values: { visits: 0 } },
    ]);
    const service = await cli('read', 'greeting', 'ann', '--context', 'factor=1.5', '--json');
    expect(JSON.parse(service.stdout).entities[0].values).toEqual({ visits_7d: 2, weighted: 3 });
    expect(await cli('read', 'greeting', 'ann')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('needs context field factor'),
    });
  });
});

test('old events that arrive now are counted, with a hint that this may not be meant', async () => {
  const { file, cli } = setUp();
  const { code, stdout, stderr } = await cli('ingest', file);
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('100 counted') });
  expect(stderr).toContain('ingest it with --replay');
});

describe('the quarantine', () => {
  test('shows every bad event, with its reason and bytes', async () => {
    const { file, cli } = setUp(
      [event(1), '{"id":2,', event(3, { kind: 'hover' }), event(4, { user: '' }), ''].join('\n'),
    );
    expect((await cli('ingest', file, '--replay')).stdout).toContain(
      '1 counted, 3 bad\n  quarantined ones: millrace quarantine list --data ',
    );
    const { stdout } = await cli('quarantine', 'list', '--json');
    const { counts, events: listed } = JSON.parse(stdout);
    expect(counts['not-json']).toBe(1);
    expect(listed).toHaveLength(3);
    const schema = listed.find((entry: { reason: string }) => entry.reason === 'schema');
    expect(schema.payload).toBe(event(3, { kind: 'hover' }));
    const shown = await cli('quarantine', 'show', schema.id);
    expect(shown.stdout).toContain('kind');
    expect(shown.stdout).toContain(event(3, { kind: 'hover' }));
    expect((await cli('quarantine', 'list', '--reason', 'not-json')).stdout).toMatch(/not-json/);
    expect(await cli('quarantine', 'list', '--limit', '1001')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('more go with --json'),
    });
    expect((await cli('quarantine', 'list', '--limit', '1001', '--json')).code).toBe(0);
    expect(await cli('quarantine', 'show', 'visits/shard-000/99/0')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('see millrace quarantine list'),
    });
  });
});

describe('plan', () => {
  test('tells what changed, and refuses a change of meaning without a new version', async () => {
    const { folder, file, cli } = setUp();
    expect((await cli('plan')).stdout).toContain('data holds nothing yet');
    await cli('ingest', file, '--replay');
    expect(await cli('plan')).toMatchObject({ code: 0, stdout: expect.stringContaining('No changes') });

    const changed = (name: string, from: string, to: string) => {
      const module = join(folder, name);
      cpSync(visitsModule, module);
      const define = new URL('../../lib/define/index.ts', import.meta.url).href;
      const text = readFileSync(module, 'utf8').replace('../../lib/define/index.ts', define);
      expect(text).toContain(from);
      writeFileSync(module, text.replace(from, to));
      return module;
    };
    const fewer = changed('fewer.ts', 'groups: [visitorGroup, pageGroup]', 'groups: [visitorGroup]');
    const removal = await cli('plan', '--features', fewer);
    expect(removal).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('which needs --accept-removed'),
    });
    expect(await cli('ingest', file, '--replay', '--features', fewer)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/keeps the groups visitor_page, which these definitions do not have/),
    });
    const compatible = changed(
      'compatible.ts',
      "count().where(e.kind.eq('click')).over('7d')",
      "count().where(e.kind.eq('click')).over('7d').describe('Clicks.')",
    );
    const conflicting = changed('conflicting.ts', "e.kind.eq('click')", "e.kind.eq('view')");
    expect(await cli('plan', '--features', compatible)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('All compatible'),
    });
    const refused = await cli('plan', '--features', conflicting, '--json');
    expect(refused.code).toBe(2);
    expect(JSON.parse(refused.stdout)).toMatchObject({ verdict: 'needs-version' });
    const ingest = await cli('ingest', file, '--replay', '--features', conflicting);
    expect(ingest).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^millrace: .*version.*visitor/s),
    });
  });
});

describe('errors are one line that says what to do', () => {
  const cases: [args: string[], message: RegExp][] = [
    [['ingest', 'none.csv'], /^millrace: none\.csv does not exist: check the path\n$/],
    [['ingest', 'FILE', '--stream', 'clicks'], /^millrace: there is no stream clicks; there is visits\n$/],
    [
      ['ingest', 'FILE', '--map', 'nobody=x'],
      /^millrace: mapping nobody=x: stream visits has no field nobody/,
    ],
    [['read', 'visitor', 'u1'], /^millrace: data directory .*does not exist/],
    [
      ['read', 'vistor', 'u1'],
      /^millrace: there is no group or service vistor; groups: visitor, visitor_page; services: greeting\n$/,
    ],
  ];
  test.each(cases)('%j', async (args, message) => {
    const { file, cli } = setUp();
    const { code, stdout, stderr } = await cli(...args.map(arg => (arg === 'FILE' ? file : arg)));
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
  });

  test('of keys and times', async () => {
    const { file, cli } = setUp();
    await cli('ingest', file, '--replay');
    const stderrOf = async (...args: string[]) => (await cli('read', ...args)).stderr;
    expect(await stderrOf('visitor_page', 'u1')).toContain('key u1: visitor_page is read by user=…,page=…');
    expect(await stderrOf('visitor_page', 'user=u1,page=x')).toContain('page: expected int64, got "x"');
    expect(await stderrOf('visitor', 'u1', '--at', 'noon')).toContain('--at: "noon" is no time');
    // Safe integers, but no times.
    expect(await stderrOf('visitor', 'u1', '--at', '8640000000000001')).toContain('is no time');
    expect(await stderrOf('visitor', 'u1', '--at=-8640000000000001')).toContain('is no time');
    expect(await stderrOf('greeting', 'u1', '--context', 'x=1')).toContain('service greeting takes factor');
    expect((await cli('read', 'country_sales', 'UK', '--features', retailModule)).stderr).toContain(
      'has no rows of group country_sales yet',
    );
    expect((await cli('ingest', file)).stderr).toContain('holds replayed history: ingest with --replay');
  });

  test('of the definitions module', async () => {
    const { folder } = setUp();
    const stderrOf = async (module: string) =>
      (await runCli('plan', '--features', join(folder, module))).stderr;
    writeFileSync(join(folder, 'broken.ts'), 'export default (');
    writeFileSync(join(folder, 'other.ts'), 'export default 1;');
    expect(await stderrOf('none.ts')).toMatch(/^millrace: .*none\.ts does not exist/);
    expect(await stderrOf('broken.ts')).toMatch(/^millrace: .*broken\.ts cannot be loaded: /);
    expect(await stderrOf('other.ts')).toMatch(
      /^millrace: .*other\.ts has no definitions as its default export/,
    );
  });
});

test('the demo ends in time with values of real customers', { timeout: 30_000 }, async () => {
  const folder = temporaryDirectory();
  const { code, stdout, stderr } = await spawnCli(folder, ['demo']);
  expect(stderr).toMatch(/\d rows into purchases in/);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^customer_activity +17850 +15311 +14911$/m);
  expect(stdout).toContain('What to try next:');
});
