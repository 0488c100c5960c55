import { existsSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Command } from 'commander';
import type { Plan } from '../../kernel/plan.ts';
import { openLocal } from '../../local/index.ts';
import { MillraceError } from '../../runtime/errors.ts';
import type { IngestReport } from '../../runtime/ingest.ts';
import type { ReadResult } from '../../runtime/read.ts';
import { exitCodes } from '../exit-codes.ts';
import { note, print, toJson } from '../format.ts';
import { untilInterrupted } from '../interrupt.ts';
import { findTarget, parseKey, type ReadTarget } from '../keys.ts';
import { loadDefinitions, repositoryPath } from '../load-definitions.ts';
import { options } from '../options.ts';
import { createProgress } from '../progress.ts';
import { closeAfter } from '../with-local.ts';
import { describeReport } from './ingest.ts';
import { featureTypes, formatAnswer } from './read.ts';

interface DemoOptions {
  readonly data: string;
  readonly json?: true;
}

export const demoCommand = (setExitCode: (code: number) => void): Command =>
  new Command('demo')
    .description(
      "replay a month of a real shop's sales on this machine and print feature values of some customers",
    )
    .option('--data <directory>', 'begun anew each time', '.millrace/demo')
    .addOption(options.json())
    .addOption(options.verbose())
    .action(async (given: DemoOptions) => {
      const { reports, answer } = await runDemo(given);
      if (answer === null) return setExitCode(exitCodes.stopped);
      if (given.json) {
        const entities = answer.entities.map((entity, i) => ({ user: customers[i], ...entity }));
        print(toJson({ files: reports, group, asOf: answer.asOf, entities }));
        return;
      }
      print(nextSteps(given.data));
    });

/** Three regular customers of the sample. */
const customers = ['17850', '15311', '14911'];
const group = 'customer_activity';

async function runDemo(given: DemoOptions) {
  const definitions = await loadDefinitions(null);
  const files = await sampleFiles();
  await removeOldDemo(given.data);
  return untilInterrupted(async signal => {
    const local = await openLocal({ directory: given.data, definitions, create: true });
    return closeAfter(local, async () => {
      await writeFile(join(given.data, marker), '');
      const reports: IngestReport[] = [];
      for (const file of files) {
        const progress = createProgress(relative('.', file));
        const settings = { replay: true, signal, onProgress: progress.update };
        const report = await local.ingest(file, settings).finally(progress.stop);
        reports.push(report);
        note(`${describeReport({ ...report, source: relative('.', file) }, given.data)}\n`);
        if (report.outcome === 'stopped') return { reports, answer: null };
      }
      const target = findTarget(definitions.plan, group);
      const answer = await local.readGroup(
        group,
        customers.map(key => parseKey(key, target)),
      );
      if (!given.json) print(describeAnswer(definitions.plan, target, answer, given.data));
      return { reports, answer };
    });
  });
}

/** A screenful of the group's features; the rest by the command that it names. */
function describeAnswer(plan: Plan, target: ReadTarget, answer: ReadResult, data: string): string {
  const all = featureTypes(plan, target);
  const some = all.filter(feature => shown.includes(feature.name));
  const command = `npx millrace read ${group} ${customers[0]} --data ${data}`;
  return `${formatAnswer(some, group, customers, answer)} · ${some.length} of ${all.length} features: all with ${command}`;
}

const shown = [
  'lines_7d',
  'orders_30d',
  'spend_7d',
  'spend_30d',
  'units_lifetime',
  'refunded_90d',
  'price_median_90d',
  'items_7d',
  'item_count_90d',
  'recent_items_7d',
  'favourites_90d',
  'last_order_90d',
  'last_seen',
  'home_country',
  'by_hour_90d',
  'return_rate_90d',
  'order_value_90d',
];

async function sampleFiles(): Promise<readonly string[]> {
  const folder = repositoryPath('features/retail/data');
  const names = existsSync(folder)
    ? (await readdir(folder)).filter(name => /\.ndjson\.gz$/.test(name)).sort()
    : [];
  if (names.length === 0)
    throw new MillraceError(`the sample events are missing: ${folder} has no .ndjson.gz file`);
  return names.map(name => join(folder, name));
}

const marker = 'made-by-demo';

/** --data may name anything: only what an earlier demo made is removed. */
async function removeOldDemo(directory: string): Promise<void> {
  if (existsSync(join(directory, marker))) {
    await rm(directory, { recursive: true });
  } else if (existsSync(join(directory, 'millrace.json'))) {
    throw new MillraceError(
      `data directory ${directory} was not made by the demo, which would empty it: choose another with --data`,
    );
  }
}

const nextSteps = (data: string): string => `
What to try next:
  npx millrace read customer_activity 13089 17841 --data ${data}
  npx millrace read item_popularity 85123A 22423 --data ${data} --json
  npx millrace read ranking user=17850,item=85123A --context price=2.10 --context hour=20 --data ${data}
  npx millrace quarantine list --data ${data}
  npx millrace ingest --help       your own files
The definitions behind it are in features/retail: change one, and see what npx millrace plan --data ${data} says.`;
