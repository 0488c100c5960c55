import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkMotion } from './check.ts';
import { fates } from './ledger.ts';
import type { MotionReport } from './report.ts';

/**
 * Holds a running service to the oracle while the feed flows into it: see check.ts.
 *
 *   npm run verify:motion                    100,000 vectors: some minutes
 *   npm run verify:motion -- --quick         20,000
 *   npm run verify:motion -- --vectors 1000 --seed 7
 *
 * Exit status: 0 if all agree and all that was to occur did, 1 if not, 2 if it could not be run.
 */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      vectors: { type: 'string' },
      seed: { type: 'string' },
    },
  });
  const vectors = Number(values.vectors ?? (values.quick ? 20_000 : 100_000));
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  if (!(Number.isSafeInteger(seed) && Number.isSafeInteger(vectors) && vectors > 0)) {
    throw new Error('--vectors is a whole number above 0, --seed a whole number');
  }
  console.log(`seed ${seed}`);
  const scratch = await mkdtemp(join(tmpdir(), 'millrace-verify-'));
  try {
    const started = performance.now();
    let shown = started;
    const report = await checkMotion({
      directory: join(scratch, 'data'),
      seed,
      vectors,
      onProgress: at => {
        if (performance.now() - shown < 5_000) return;
        shown = performance.now();
        process.stderr.write(`${at.vectors} vectors compared, ${at.mismatches} mismatches\n`);
      },
    });
    print(report, performance.now() - started);
    const missing = missingOf(report);
    for (const what of missing) console.log(`never occurred: ${what}`);
    const failures = report.mismatches + report.miscounted.length;
    console.log(`verify:motion: ${report.vectors} vectors compared, ${failures} mismatches`);
    return failures + missing.length === 0 ? 0 : 1;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function print(report: MotionReport, milliseconds: number): void {
  const { fates, examples, miscounted, ...numbers } = report;
  const days = (numbers.span / 86_400_000).toFixed(1);
  console.log(
    `${numbers.sent} events over ${days} days of the feed, in ${Math.round(milliseconds / 1000)} s`,
  );
  console.log(`  refused ${numbers.refused}, ${listed(fates)}`);
  console.log(`${numbers.vectors} vectors of ${numbers.values} values`);
  const { midBatch, onBoundary, spilled, unknown, passedOver } = numbers;
  console.log(`  ${listed({ midBatch, onBoundary, spilled, unknown, passedOver })}`);
  for (const line of [...examples, ...miscounted]) console.log(line);
}

const listed = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, n]) => `${name} ${n}`)
    .join(', ');

/** What the run was to go through and did not. */
function missingOf({ midBatch, onBoundary, unknown, fates: counts }: MotionReport): string[] {
  return [
    ...Object.entries({ midBatch, onBoundary, unknown })
      .filter(([, n]) => n === 0)
      .map(([name]) => name),
    ...fates.filter(fate => counts[fate] === 0),
  ];
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
