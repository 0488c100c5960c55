import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { benchmarks, longOnes } from './cases/index.ts';
import { inOwnProcess } from './own-process.ts';
import { passes, type Result } from './result.ts';

/**
 * `npm run bench -- [--only NAME] [--runs N] [--quick]`: all benchmarks, each in a process of its own, a table, and
 * bench/results/latest.json. Those that take very long are run by name only, and have a file of their own there.
 */

const names = Object.keys(benchmarks);

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    runs: { type: 'string', default: '5' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) {
  console.log(`Usage: npm run bench -- [--only ${names.join('|')}] [--runs N] [--quick]

  --only NAME   one benchmark; may be repeated. Run by name only: ${longOnes.join(', ')}
  --runs N      runs of each measurement, of which the median counts (5)
  --quick       small sizes, one run, nothing kept: shows that the benchmarks run; the figures mean nothing`);
} else {
  process.exitCode = await main();
}

async function main(): Promise<number> {
  const chosen = options.only ?? (options.quick ? names : names.filter(name => !longOnes.includes(name)));
  const unknown = chosen.find(name => !names.includes(name));
  const runs = options.quick ? 1 : Number(options.runs);
  if (unknown !== undefined || !(runs >= 1)) {
    console.error(
      unknown === undefined
        ? '--runs needs a number from 1'
        : `no benchmark ${unknown}; there is ${names.join(', ')}`,
    );
    return 2;
  }
  const results: Result[] = [];
  for (const name of chosen) {
    results.push(...(await inOwnProcess(name, { runs, shrink: options.quick ? 50 : 1, progress: say })));
  }
  say('');
  print(results);
  if (!options.quick) {
    if (options.only === undefined) await keep('latest', results);
    const [only] = chosen;
    if (chosen.length === 1 && longOnes.includes(only!)) await keep(only!, results);
  }
  const judged = options.quick ? [] : results.filter(r => passes(r) !== undefined);
  const held = judged.filter(r => passes(r) === true);
  console.log(
    options.quick
      ? `${results.length} figures measured in a quick run: they mean nothing`
      : `${held.length} of ${judged.length} goals hold`,
  );
  return held.length === judged.length ? 0 : 1;
}

function say(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${what}`);
  else if (what !== '') process.stderr.write(`${what}\n`);
}

function print(results: readonly Result[]): void {
  const table = new Table({
    head: ['figure', 'value', 'unit', 'floor', 'goal', 'holds', 'bounded by'],
    style: { head: [], border: [] },
  });
  for (const r of results) {
    const verdict = passes(r);
    table.push([
      r.id,
      shown(r.value),
      r.unit,
      r.floor === undefined ? '' : shown(r.floor),
      r.goal === undefined ? '' : `${r.lower ? '≤' : '≥'} ${shown(r.goal)}`,
      verdict === undefined ? '' : verdict ? 'yes' : 'NO',
      r.note ?? '',
    ]);
  }
  console.log(table.toString());
}

function shown(x: number): string {
  return x >= 1000 ? Math.round(x).toLocaleString('en') : Number(x.toPrecision(3)).toString();
}

async function keep(name: string, results: readonly Result[]): Promise<void> {
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
  };
  const folder = new URL('./results/', import.meta.url);
  await mkdir(folder, { recursive: true });
  const kept = results.map(({ lower: _, ...r }) => {
    const pass = passes(r);
    return pass === undefined ? r : { ...r, pass };
  });
  const body = { machine, node: process.version, results: kept };
  await writeFile(new URL(`${name}.json`, folder), `${JSON.stringify(body, null, 2)}\n`);
}
