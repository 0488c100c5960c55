import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { repositoryRoot } from './imports.ts';

/* .ci/run with an npm that plays each part: what it prints, and whether it fails. */

const counts = '12 passed, 0 failed, 3 skipped';
const played: Readonly<Record<string, string>> = {
  ci: 'echo installed',
  // Names of tests may hold any character: that makes the output binary to grep.
  test: `printf 'a \\0 b\\n${counts}\\n'`,
  // The second start in one data directory finds the first one's events.
  start: `data="\${@: -1}"; if [ -e "$data" ]; then echo 'going on after 8,004 events'; else echo 'begun anew'; touch "$data"; fi
    echo 'u5    26        2'; echo '8,004 events taken (800/s), all processed'; echo 'fresh after 153 ms (p99 260 ms)'`,
  'demo:retail': "echo 'customer_activity 17850 15311'; echo 'spend_30d  5391.21  2676.66'",
  'verify:retail': "echo 'verify:retail: 5 values compared, 0 mismatches'",
  'verify:chronon': "echo 'verify:chronon: 5 values compared, 0 differences'",
  'verify:motion': "echo 'verify:motion: 5 vectors compared, 0 mismatches'",
  'test:dynamodb-local': 'echo 121 passed',
  'check:infra': 'echo cdk synth: 20 templates',
  'deploy:local': 'echo every value equal',
  chaos: 'echo every fault occurred',
  fuzz: "echo 'fuzz: 700 requests of 7 operations, seed 4, 0 problems'",
  bench: 'echo figures',
};

function runWith(
  changed: Readonly<Record<string, string>>,
  data = temporaryDirectory(),
  redisServer = 'echo Redis server v=7',
) {
  const bin = temporaryDirectory();
  const cases = Object.entries({ ...played, ...changed }).map(([part, script]) => `${part}) ${script} ;;`);
  const npm = join(bin, 'npm');
  writeFileSync(
    npm,
    `#!/usr/bin/env bash
case $1 in run) shift; while [[ $1 == --* ]]; do shift; done ;; esac
case $1 in ${cases.join(' ')} *) echo "no part $1"; exit 9 ;; esac
`,
  );
  chmodSync(npm, 0o755);
  const program = (name: string, script: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  program('redis-server', redisServer);
  // Makes an environment whose pip installs at once.
  program('python3', 'mkdir -p "$3/bin"; echo "#!/bin/sh" > "$3/bin/pip"; chmod +x "$3/bin/pip"');
  const { status, stdout, stderr } = spawnSync(join(repositoryRoot, '.ci/run'), {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, MILLRACE_DATA: data },
  });
  return { status, output: stdout + stderr, lastLine: stdout.trimEnd().split('\n').at(-1) };
}

test('when all passes, its last line is the count of npm test', () => {
  const { status, output, lastLine } = runWith({});
  expect({ status, lastLine }).toEqual({ status: 0, lastLine: counts });
  for (const part of ['verify:retail: 5', 'verify:chronon: 5', 'figures']) expect(output).toContain(part);
});

test('without the reference data it says what it leaves out', () => {
  const { status, output } = runWith({ 'verify:retail': 'exit 1' }, '/nowhere');
  expect(status).toBe(0);
  expect(output).toContain('not run: no reference data in /nowhere');
});

test('without a redis-server that runs it fails: its tests would be skipped', () => {
  const { status, output } = runWith({}, temporaryDirectory(), 'exit 127');
  expect(status).not.toBe(0);
  expect(output).toContain('── failed: redis-server');
});

test('what tests need of the machine must be there', () => {
  const { output } = runWith({ test: `echo "required: $MILLRACE_REQUIRE_PROGRAMS"; ${played.test}` });
  expect(output).toContain('required: 1');
});

describe('it fails, and still ends with the count, when', () => {
  const none = '0 passed, 0 failed, 0 skipped';
  test.each<[string, Record<string, string>, string]>([
    ['npm ci fails', { ci: 'exit 1' }, none],
    [
      'a test fails',
      { test: "echo '11 passed, 1 failed, 0 skipped'; exit 1" },
      '11 passed, 1 failed, 0 skipped',
    ],
    ['npm test dies', { test: 'exit 137' }, none],
    ['npm test says nothing', { test: 'true' }, none],
    ['the feed fails', { start: `${played.start}; exit 1` }, counts],
    ['the feed shows no values', { start: `{ ${played.start}; } | grep -v u5` }, counts],
    ['the feed begins anew each time', { start: `{ ${played.start}; } | sed 's/going on/begun/'` }, counts],
    ['the demo fails', { 'demo:retail': `${played['demo:retail']}; exit 1` }, counts],
    ['the demo prints no values', { 'demo:retail': "echo '17850'" }, counts],
    ['the demo prints nulls', { 'demo:retail': "echo 17850; echo 'spend_30d null'" }, counts],
    ['the DynamoDB adapter fails, or Java is missing', { 'test:dynamodb-local': 'exit 1' }, counts],
    ['values differ from SQL', { 'verify:retail': 'exit 1' }, counts],
    ["values differ from Chronon's", { 'verify:chronon': 'exit 1' }, counts],
    ['a running service differs from the oracle', { 'verify:motion': 'exit 1' }, counts],
    ['templates do not pass', { 'check:infra': 'exit 1' }, counts],
    ['the local deployment differs', { 'deploy:local': 'exit 1' }, counts],
    ['events are lost in chaos', { chaos: 'exit 1' }, counts],
    ['the fuzz finds something', { fuzz: `${played.fuzz}; exit 1` }, counts],
    ['the fuzz is not run', { fuzz: "echo 'fuzz: not run'; exit 2" }, counts],
    ['the fuzz tries nothing', { fuzz: 'echo skipped' }, counts],
    ['templates do not hold', { 'check:infra': 'exit 1' }, counts],
    ['the benchmarks do not run', { bench: 'exit 1' }, counts],
  ])('%s', (_, changed, expected) => {
    const { status, output, lastLine } = runWith(changed);
    expect(status).not.toBe(0);
    expect(lastLine).toBe(expected);
    expect(output).toContain('── failed: npm');
  });
});
