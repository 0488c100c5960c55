import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import definitions from '../../../features/retail/index.ts';
import { dataFile } from '../data.ts';
import { checkRetail } from './check.ts';
import { queryTimesOver } from './query-times.ts';

/**
 * Holds the platform to hand-written SQL over a year of real events: at 50 times, every feature of every entity that
 * has events by then, and of a thousand in each group that have none yet.
 *
 *   npm run verify:retail                all of it: some minutes
 *   npm run verify:retail -- --quick     6 times, one entity in 20
 *
 * Exit status: 0 if all values agree, 1 if one does not, 2 if it could not be run.
 */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
  const log = dataFile('online-retail/events.ndjson.gz');
  const times = queryTimesOver(Date.UTC(2010, 11, 1, 8), Date.UTC(2011, 11, 9, 13), values.quick ? 6 : 50);
  const scratch = await mkdtemp(join(tmpdir(), 'millrace-verify-'));
  try {
    const started = performance.now();
    const report = await checkRetail({
      definitions,
      log,
      directory: join(scratch, 'data'),
      queryTimes: times,
      oneIn: values.quick ? 20 : 1,
      onProgress: at => {
        const seconds = Math.round((performance.now() - started) / 1000);
        process.stderr.write(
          `${String(at.done).padStart(2)}/${times.length} ${new Date(at.q).toISOString()}: ` +
            `${at.compared} values compared, ${at.mismatches} mismatches, ${seconds} s\n`,
        );
      },
    });
    for (const [name, tally] of report.features) {
      const mark = tally.mismatches > 0 ? `  ${tally.mismatches} MISMATCHES` : '';
      console.log(`${String(tally.compared).padStart(9)}  ${name}${mark}`);
    }
    for (const example of report.examples) console.log(example);
    const sketches = describeErrors(report.sketchErrors);
    console.log(`approxDistinct above its sparse form: ${sketches.text}`);
    console.log(`${report.events} events, ${Math.round((performance.now() - started) / 1000)} s`);
    const failures = report.mismatches + (sketches.isFair ? 0 : 1);
    console.log(`verify:retail: ${report.compared} values compared, ${failures} mismatches`);
    return failures === 0 ? 0 : 1;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * How the sketches' errors spread. That none is beyond five standard errors is held value by value; the shares are
 * looser than a normal law's 95 % and 99.7 %, for one sketch is looked at many times as it grows.
 */
function describeErrors(errors: readonly number[]): { text: string; isFair: boolean } {
  if (errors.length === 0) return { text: 'none', isFair: true };
  const share = (limit: number): number => errors.filter(e => Math.abs(e) <= limit).length / errors.length;
  const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;
  const largest = Math.max(...errors.map(Math.abs));
  return {
    text: `${errors.length} estimates, ${percent(share(2))} within 2 standard errors, ${percent(share(3))} within 3, largest ${largest.toFixed(2)}`,
    isFair: share(2) >= 0.8 && share(3) >= 0.95,
  };
}

main().then(
  status => {
    process.exitCode = status;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? (process.env.DEBUG ? error.stack : error.message) : error);
    process.exitCode = 2;
  },
);
