import { Command } from 'commander';
import { secondsOf } from '../../infra/environment/index.ts';
import { formatTimestamp } from '../../kernel/timestamp.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatCount, formatTable, print, toJson } from '../format.ts';
import { RequestError } from '../keys.ts';
import { loadDefinitions, repositoryPath } from '../load-definitions.ts';
import { loadDeployed } from '../load-deployed.ts';
import { loadEnvironment } from '../load-environment.ts';
import { type CommonOptions, type EnvironmentOptions, options, wholeNumber } from '../options.ts';
import { askService, serviceAt } from '../service-client.ts';
import { withLocal } from '../with-local.ts';
import { withSetAside } from '../with-set-aside.ts';

export const unappliedCommand = (setExitCode: (code: number) => void): Command =>
  new Command('unapplied')
    .description('look at events that rows could not take, and give them to the rows')
    .addCommand(listCommand())
    .addCommand(redriveCommand(setExitCode))
    .addHelpText(
      'after',
      `
An unapplied event counts everywhere but in one row, which says so itself: nothing else waits for it.

Reasons:
  corrupt     the row's bytes could not be read; reads of the row fail
  too-large   the row would have outgrown an item of its store; reads of the row fail
  crash       to process the event ended the process, again and again

Examples:
  millrace unapplied list
  millrace unapplied redrive
  millrace unapplied redrive --table customer_activity@1 --key 17850 --start-anew
  millrace unapplied redrive --env dev`,
    );

interface ListOptions extends CommonOptions, EnvironmentOptions {
  readonly table?: string;
  readonly key?: string;
  readonly limit: number;
}

const listCommand = (): Command =>
  new Command('list')
    .description('list unapplied events by row, and count them by reason')
    .option('--table <table>', 'of this table only, such as customer_activity@1')
    .option('--key <key>', 'of this row only')
    .option('--limit <count>', 'at most so many', wholeNumber, 20)
    .addOption(options.data())
    .addOption(options.features())
    .addOption(options.env())
    .addOption(options.profile())
    .addOption(options.json())
    .addOption(options.verbose())
    .action(async (given: ListOptions) => {
      const { table, key, limit } = given;
      checkRow(given);
      return withSetAside(given, async ({ unapplied }) => {
        const counts = await unapplied.count();
        const events = await unapplied.list({
          limit,
          ...(table === undefined ? {} : { table }),
          ...(key === undefined ? {} : { key }),
        });
        if (given.json) {
          const forMachines = events.map(({ payload, ...event }) => ({
            ...event,
            payload: Buffer.from(payload).toString('utf8'),
          }));
          return print(toJson({ counts: Object.fromEntries(counts), events: forMachines }));
        }
        if (counts.size === 0) return print('Nothing is unapplied.');
        print([...counts].map(([name, count]) => `${formatCount(count)} ${name}`).join(', '));
        const rows = events.map(e => [
          e.table,
          e.key,
          e.reason,
          `${e.position.shard}/${e.position.sequence}/${e.position.index}`,
          formatTimestamp(e.arrivalTime),
          e.detail,
        ]);
        print(formatTable(['table', 'row', 'reason', 'position', 'arrived', 'detail'], rows));
      });
    });

interface RedriveOptions extends CommonOptions, EnvironmentOptions {
  readonly table?: string;
  readonly key?: string;
  readonly startAnew?: true;
}

const redriveCommand = (setExitCode: (code: number) => void): Command =>
  new Command('redrive')
    .description('fold unapplied events into the rows that lack them, each once')
    .option('--table <table>', 'of this table only')
    .option('--key <key>', 'of this row only')
    .option('--start-anew', 'let rows that stay unreadable begin anew: what they held is given up')
    .option('--url <url>', 'by the service that listens there; it has the data directory open')
    .addOption(options.data())
    .addOption(options.features())
    .addOption(options.env())
    .addOption(options.profile())
    .addOption(options.json())
    .addOption(options.verbose())
    .addHelpText(
      'after',
      `
Exit status: 0 if every row has its events now; 1 if some still cannot take them.`,
    )
    .action(async (given: RedriveOptions) => {
      checkRow(given);
      const { table, key, startAnew } = given;
      if (startAnew && table === undefined)
        throw new RequestError('--start-anew gives up what rows held: say which with --table and --key');
      const which = {
        ...(table === undefined ? {} : { table }),
        ...(key === undefined ? {} : { key }),
        ...(startAnew === undefined ? {} : { startAnew }),
      };
      const report = await redrive(given, which);
      if (report.waiting.length > 0) setExitCode(exitCodes.failed);
      if (given.json) return print(toJson(report));
      print(`${formatCount(report.applied)} applied, ${formatCount(report.settled)} settled before`);
      for (const row of report.waiting) print(`table ${row.table}, row ${row.key} still waits: ${row.error}`);
    });

/** In the deployed environment, by the service at the URL, or in the data directory. */
async function redrive(
  { env, url, data, features, ...where }: RedriveOptions,
  which: RowsChoice,
): Promise<Report> {
  if (env !== undefined) {
    const settings = await loadEnvironment(env);
    const definitions = await loadDefinitions(features ?? repositoryPath(settings.features));
    const kept = Object.values(settings.streams).map(({ retention }) => 1000 * secondsOf(retention));
    const { openEnvironment, redriveDeployedRows } = await loadDeployed();
    const environment = await openEnvironment(env, where);
    return redriveDeployedRows(environment, definitions, { ...which, retentionMs: Math.max(...kept) });
  }
  if (url === undefined)
    return withLocal(data, await loadDefinitions(features), local => local.redriveUnapplied(which));
  const body = JSON.stringify(which);
  return (await askService(serviceAt(url), '/v1/unapplied/redrive', { method: 'POST', body })) as Report;
}

interface RowsChoice {
  readonly table?: string;
  readonly key?: string;
  readonly startAnew?: boolean;
}

interface Report {
  readonly applied: number;
  readonly settled: number;
  readonly waiting: readonly { readonly table: string; readonly key: string; readonly error: string }[];
}

function checkRow({ table, key }: { readonly table?: string; readonly key?: string }): void {
  if (key !== undefined && table === undefined)
    throw new RequestError('--key names a row of a table: say which with --table');
}
