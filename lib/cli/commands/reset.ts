import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { openDataDirectory } from '../../adapters/rocksdb/data-directory.ts';
import { print, toJson } from '../format.ts';
import { RequestError } from '../keys.ts';
import { options } from '../options.ts';

interface ResetOptions {
  readonly data: string;
  readonly yes?: true;
  readonly json?: true;
}

export const resetCommand = (): Command =>
  new Command('reset')
    .description('remove a data directory with its events, rows and quarantine')
    .option('--yes', 'do not ask')
    .addOption(options.data())
    .addOption(options.json())
    .addOption(options.verbose())
    .addHelpText(
      'after',
      `
Nothing brings them back. A directory that is in use, or is no data directory, is left alone.

Examples:
  millrace reset
  millrace reset --data .millrace/try --yes`,
    )
    .action(async ({ data, yes, json }: ResetOptions) => {
      // That it opens says that it is ours, and nobody else's at the moment.
      await (await openDataDirectory(data)).close();
      if (yes !== true && !(await agreed(data))) {
        print(json ? toJson({ removed: false }) : 'nothing is removed');
        return;
      }
      await (await openDataDirectory(data)).close();
      await rm(data, { recursive: true });
      print(json ? toJson({ removed: true, data }) : `${data} is removed`);
    });

async function agreed(data: string): Promise<boolean> {
  if (process.stdin.isTTY !== true)
    throw new RequestError(`reset asks before it removes ${data}, and nobody can answer: give --yes`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test(
      (await terminal.question(`Remove ${data} with all that is in it? (y/N) `)).trim(),
    );
  } finally {
    terminal.close();
  }
}
