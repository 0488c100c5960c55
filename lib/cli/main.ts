import { Command, CommanderError } from 'commander';
import { MillraceError } from '../runtime/errors.ts';
import { PlanConflictError } from '../runtime/plan-changes.ts';
import { demoCommand } from './commands/demo.ts';
import { feedCommand } from './commands/feed.ts';
import { ingestCommand } from './commands/ingest.ts';
import { planCommand } from './commands/plan.ts';
import { quarantineCommand } from './commands/quarantine.ts';
import { readCommand } from './commands/read.ts';
import { resetCommand } from './commands/reset.ts';
import { sendCommand } from './commands/send.ts';
import { devCommand } from './commands/serve.ts';
import { statusCommand } from './commands/status.ts';
import { unappliedCommand } from './commands/unapplied.ts';
import { workerCommand } from './commands/worker.ts';
import { exitCodes } from './exit-codes.ts';
import { packageVersion } from './package-version.ts';

/**
 * Runs the command line `millrace …` and gives the exit code. Results go to stdout, all else (progress, notes,
 * errors) to stderr.
 */
export async function runCli(args: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.done;
  const program = createProgram(code => {
    exitCode = code;
  });
  try {
    await program.parseAsync(withPlaceLast(args), { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    process.stderr.write(`${describeError(error, args.includes('--verbose'))}\n`);
    return error instanceof PlanConflictError ? exitCodes.needsVersion : exitCodes.failed;
  }
}

/**
 * `--env` and `--profile` may also come before the command: `millrace --env dev read …`. They are the command's own, for
 * not all commands have them.
 */
function withPlaceLast(args: readonly string[]): readonly string[] {
  let begin = 0;
  for (let arg = args[0]; arg !== undefined && /^--(env|profile)(=|$)/.test(arg); arg = args[begin])
    begin += arg.includes('=') ? 1 : 2;
  const rest = args.slice(begin);
  const end = rest.includes('--') ? rest.indexOf('--') : rest.length;
  return [...rest.slice(0, end), ...args.slice(0, begin), ...rest.slice(end)];
}

const commands = [
  feedCommand,
  demoCommand,
  devCommand,
  sendCommand,
  ingestCommand,
  readCommand,
  planCommand,
  quarantineCommand,
  unappliedCommand,
  workerCommand,
  statusCommand,
  resetCommand,
];

function createProgram(setExitCode: (code: number) => void): Command {
  const program = new Command('millrace')
    .description(
      'Millrace turns events into fresh, correct feature values. One definition, one kernel, many places.',
    )
    .version(packageVersion(), '-V, --version', 'print the version')
    .exitOverride()
    .showHelpAfterError('(try millrace --help, or millrace COMMAND --help)')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      'after',
      `
Begin with:
  millrace feed                                 a live feed of short videos: watch features change
  millrace demo                                 a shop's events, end to end, in seconds
  millrace ingest events.ndjson.gz --replay     your own events (needs your definitions: --features)
  millrace read customer_activity 17850         the feature values of a customer
  millrace dev                                  the service: events in and features out over HTTP

Exit codes: 0 done · 1 failed · 2 definitions changed meaning and need a new version · 130 stopped by Ctrl-C`,
    );
  for (const create of commands) {
    program.addCommand(create(setExitCode).exitOverride().copyInheritedSettings(program));
  }
  return program;
}

function describeError(error: unknown, verbose: boolean): string {
  if (!(error instanceof Error)) return `millrace: ${String(error)}`;
  if (verbose) return `millrace: ${error.stack ?? error.message}${causes(error)}`;
  if (error instanceof MillraceError) return `millrace: ${error.message}`;
  return `millrace: unexpected ${error.name}: ${error.message} (--verbose shows where)`;
}

const causes = (error: Error): string =>
  error.cause instanceof Error
    ? `\ncaused by: ${error.cause.stack ?? error.cause.message}${causes(error.cause)}`
    : '';
