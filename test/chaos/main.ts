import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { type Fault, faultNames, faults } from './faults.ts';
import { type ProfileName, profileNames } from './profile.ts';
import { type RunResult, runWorlds, worldsOf } from './run-worlds.ts';
import { startThreads } from './threads.ts';

/** `npm run chaos`: the exactly-once protocol in simulated worlds where everything fails. */

const usage = `Usage: npm run chaos -- [--events N] [--seed S] [--profile ${profileNames.join('|')}] [--world W] [--json]

  --events N     run worlds until they come to N events (1000000)
  --seed S       the worlds' seed, a whole number (the time)
  --profile P    mixed: every world another; storm: much fails at once; damaged: rows go bad and records kill;
                 calm: nothing fails (mixed)
  --world W      run world W of the seed alone: replays a failure
  --json         print the result as JSON

Rare faults take some hundred thousand events to occur.

Exit status: 0 if every world came out right and every fault occurred; 1 if not; 2 for options that make no sense.`;

/** Faults that a calm run cannot have are not missed in it, nor any in a single world. */
function missing({ counts }: RunResult, profile: ProfileName, isSingle: boolean): Fault[] {
  return isSingle || profile === 'calm' ? [] : faultNames.filter(name => counts[name] === 0);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      events: { type: 'string', default: '1000000' },
      seed: { type: 'string' },
      profile: { type: 'string', default: 'mixed' },
      world: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const events = Number(values.events.replaceAll('_', ''));
  const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
  const world = values.world === undefined ? null : Number(values.world);
  const profile = profileNames.find(name => name === values.profile);
  if (
    profile === undefined ||
    !(events >= 1) ||
    !Number.isSafeInteger(seed) ||
    (world !== null && !(world >= 0))
  ) {
    console.error(usage);
    return 2;
  }

  const started = performance.now();
  let shown = 0;
  const worlds = world === null ? worldsOf({ seed, profile }, events) : [world];
  const threads = startThreads(Math.min(availableParallelism(), worlds.length));
  const result = await runWorlds({
    seed,
    profile,
    worlds,
    lanes: threads.lanes,
    progress: soFar => {
      if (values.json || performance.now() - shown < 2_000) return;
      shown = performance.now();
      const rate = Math.round(soFar.events / ((shown - started) / 1_000));
      process.stderr.write(
        `${grouped(soFar.events)} events in ${soFar.worlds} of ${worlds.length} worlds, ${grouped(rate)}/s\n`,
      );
    },
  });
  await threads.stop();
  const seconds = (performance.now() - started) / 1_000;
  const never = missing(result, profile, world !== null);
  const passed = result.failure === null && never.length === 0;
  if (values.json) {
    console.log(JSON.stringify({ passed, seed, profile, seconds, ...result, missing: never }, null, 2));
    return passed ? 0 : 1;
  }
  const table = new Table({
    head: ['fault', 'times'],
    colAligns: ['left', 'right'],
    style: { head: [], border: [] },
  });
  for (const name of faultNames) table.push([faults[name], grouped(result.counts[name])]);
  console.log(table.toString());
  console.log(
    `${grouped(result.events)} events in ${result.worlds} worlds, seed ${seed}, ${seconds.toFixed(1)} s, ` +
      `${grouped(Math.round(result.events / seconds))} events/s`,
  );
  if (never.length > 0) console.log(`failed: never occurred: ${never.map(name => faults[name]).join('; ')}`);
  if (result.failure !== null) {
    const { world: number, problems } = result.failure;
    console.log(`failed: world ${number} came out wrong:`);
    for (const what of problems) console.log(`  ${what}`);
    console.log(`replay: npm run chaos -- --seed ${seed} --profile ${profile} --world ${number}`);
  }
  if (passed) console.log('passed: every event has its effect once');
  return passed ? 0 : 1;
}

const grouped = (n: number): string => n.toLocaleString('en');

process.exitCode = await main();
