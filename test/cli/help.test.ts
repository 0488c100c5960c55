import { describe, expect, test } from 'vitest';
import { runCli as cli } from './run-cli.ts';

describe('help', () => {
  test('names every command, where to begin, and the exit codes', async () => {
    const { code, stdout } = await cli('--help');
    expect(code).toBe(0);
    for (const command of [
      'feed',
      'demo',
      'dev',
      'send',
      'ingest',
      'read',
      'plan',
      'quarantine',
      'worker',
      'status',
      'reset',
    ])
      expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    expect(stdout).toContain('millrace demo');
    expect(stdout).toContain('130 stopped by Ctrl-C');
  });

  test.each(['feed', 'dev', 'send', 'ingest', 'read', 'plan', 'quarantine', 'worker', 'status', 'reset'])(
    'of %s teaches by examples',
    async command => {
      const { code, stdout } = await cli(command, '--help');
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`Examples:\\n  millrace ${command}`));
    },
  );

  test('the version is the package’s', async () => {
    expect(await cli('--version')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });

  test('of ingest explains mappings', async () => {
    expect((await cli('ingest', '--help')).stdout).toContain("--map 'line=$line'");
  });
});

describe('what cannot be understood', () => {
  const cases: [args: string[], message: string][] = [
    [['ingset'], 'Did you mean ingest?'],
    [['ingest', 'x.csv', '--replya'], 'Did you mean --replay?'],
    [['ingest'], "missing required argument 'file'"],
    [['read', 'visitor'], "missing required argument 'key'"],
    [['ingest', 'x.csv', '--format', 'xml'], 'Allowed choices are ndjson, csv, parquet'],
    [['quarantine', 'list', '--limit', '0'], 'Write a whole number from 1.'],
  ];
  test.each(cases)('%j', async (args, message) => {
    const { code, stdout, stderr } = await cli(...args);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
  });

  test('no command prints the help and fails', async () => {
    const { code, stderr } = await cli();
    expect(code).toBe(1);
    expect(stderr).toContain('Usage: millrace');
  });
});
