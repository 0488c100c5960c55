import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundleFunction, type FunctionName } from '../functions/bundle.ts';

/**
 * `npm run bundles`: the functions' bundles with the feed's definitions, and what a cold start has to load and run of
 * each: bytes, and the time to import it in a new process, a median, of the clock and of the processor, which other work on
 * the machine disturbs less. Fails where a bundle is larger than it may be; times depend on the machine and fail nothing.
 */
const budgets: Readonly<Record<FunctionName, { readonly kilobytes: number; readonly milliseconds: number }>> =
  {
    ingest: { kilobytes: 400, milliseconds: 80 },
    transform: { kilobytes: 450, milliseconds: 90 },
    serve: { kilobytes: 600, milliseconds: 120 },
    activate: { kilobytes: 450, milliseconds: 120 },
    archive: { kilobytes: 40, milliseconds: 20 },
  };
const imports = 15;

const directory = mkdtempSync(join(tmpdir(), 'millrace-bundles-'));
try {
  for (const [name, budget] of Object.entries(budgets) as [FunctionName, (typeof budgets)[FunctionName]][]) {
    const outdir = join(directory, name);
    const definitions = resolve('features/feed/index.ts');
    const { startBytes, totalBytes } = await bundleFunction({ name, definitions, outdir });
    const times = Array.from({ length: imports }, () => importTime(join(outdir, 'index.mjs')));
    const median = (of: (time: ImportTime) => number) =>
      times
        .map(of)
        .toSorted((a, b) => a - b)
        [imports >> 1]!.toFixed(0);
    const kilobytes = (bytes: number) => Math.ceil(bytes / 1_000);
    const isTooLarge = startBytes > budget.kilobytes * 1_000;
    if (isTooLarge) process.exitCode = 1;
    console.log(
      `${name.padEnd(9)} at the start ${kilobytes(startBytes)} KB (of ${budget.kilobytes}${isTooLarge ? ': TOO LARGE' : ''}), ` +
        `in all ${kilobytes(totalBytes)} KB; import ${median(t => t.clock)} ms (of ${budget.milliseconds}), ` +
        `of the processor ${median(t => t.processor)}`,
    );
  }
} finally {
  rmSync(directory, { recursive: true });
}

interface ImportTime {
  readonly clock: number;
  readonly processor: number;
}

/** Milliseconds to load the module and what it imports, and to run them, with all that `create` does. */
function importTime(file: string): ImportTime {
  const program = `
    const [clock, processor] = [performance.now(), process.cpuUsage()];
    await import(${JSON.stringify(pathToFileURL(file).href)});
    const { user, system } = process.cpuUsage(processor);
    console.log(JSON.stringify({ clock: performance.now() - clock, processor: (user + system) / 1_000 }));
  `;
  const env = {
    AWS_REGION: 'eu-central-1',
    MILLRACE_STREAMS: '{"interactions":"i"}',
    MILLRACE_STREAM: 'interactions',
    MILLRACE_INCARNATION: 'i-1',
    MILLRACE_BUCKET: 'b',
    MILLRACE_CONTROL_TABLE: 'c',
    MILLRACE_PROGRESS_TABLE: 'p',
  };
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], { env });
  return JSON.parse(output.toString());
}
