import { expect, test } from 'vitest';
import { spawnCli } from '../cli/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { readDocument } from './shell.ts';

const commands = [...readDocument('docs/runbook.md').matchAll(/`npx millrace ([^`]+)`/g)].map(
  ([, words]) => words!,
);

test.each([...new Set(commands)])(
  'the runbook’s `millrace %s` is a command with these options',
  async words => {
    const [command] = words.split(' --') as [string, ...string[]];
    const { code, stdout } = await spawnCli(temporaryDirectory(), [...command.split(' '), '--help']);
    expect(code).toBe(0);
    const options = [...words.matchAll(/--[a-z-]+/g)].map(([option]) => option);
    expect(options).toContain('--env');
    for (const option of options) expect(stdout).toContain(`${option} <`);
  },
);
