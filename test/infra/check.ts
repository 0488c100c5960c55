import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingProgram } from '../support/outside-program.ts';

/**
 * `npm run check:infra`: every environment is synthesised without credentials, under cdk-nag and CDK's own checks; then
 * cfn-lint and checkov read the templates, where they are installed (`pip install cfn-lint==1.58.0 checkov==3.3.30`).
 * What they may skip stands in .cfnlintrc and, rule by rule with its reason, in the templates (lib/infra/acknowledge.ts).
 */
const output = mkdtempSync(join(tmpdir(), 'millrace-cdk-'));
try {
  const withoutCredentials = Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_'));
  run('cdk', ['synth', '--quiet', '--output', output, '**'], {
    ...Object.fromEntries(withoutCredentials),
    // Where no machine's own credentials are looked for either.
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: join(output, 'none'),
    AWS_SHARED_CREDENTIALS_FILE: join(output, 'none'),
  });
  const templates = globSync('assembly-*/*.template.json', { cwd: output }).map(file => join(output, file));
  if (templates.length === 0) throw new Error('cdk synth wrote no templates');
  console.log(`cdk synth: ${templates.length} templates, nothing that is not acknowledged`);
  runWhereInstalled('cfn-lint', ['--', ...templates]);
  runWhereInstalled('checkov', [
    ...['--directory', output, '--framework', 'cloudformation'],
    ...['--quiet', '--compact', '--skip-download'],
  ]);
} finally {
  rmSync(output, { recursive: true });
}

function runWhereInstalled(program: string, args: readonly string[]): void {
  const missing = missingProgram(program);
  if (missing === null) run(program, args, process.env);
  console.log(`${program}: ${missing === null ? 'nothing found' : `not run, ${missing}`}`);
}

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv): void {
  const { status, stdout, stderr, error } = spawnSync(program, args, { env, encoding: 'utf8' });
  if (status === 0) return;
  process.stdout.write(stdout ?? '');
  process.stderr.write(stderr ?? '');
  throw error ?? new Error(`${program} ended with ${status}`);
}
