import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import definitions from '../../features/feed/index.ts';
import { noMinistack } from '../adapters/ministack/server.ts';
import { runDeployment } from './run.ts';
import { createSteps } from './steps.ts';

/** `npm run deploy:local`: the AWS app on a local AWS that others wrote. */

const usage = `Usage: npm run deploy:local -- [--events N] [--seed S] [--keep] [--json]

Deploys the environment "local" to a MiniStack of its own, sends events over its HTTP API, holds every feature to the
local service's, and destroys it. MiniStack has to be installed: pip install ministack==1.5.33

  --events N     how many events to send (10000)
  --seed S       the events' seed, a whole number (the time)
  --keep         waits for Enter before all is destroyed
  --json         prints the result as JSON

Exit status: 0 if all was as it should be; 1 if not; 2 for options that make no sense; 130 after Ctrl-C.`;

const logFile = '.millrace/deploy-local.log';

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      events: { type: 'string', default: '10000' },
      seed: { type: 'string' },
      keep: { type: 'boolean', default: false },
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
  if (!(Number.isSafeInteger(events) && events >= 1000) || !Number.isSafeInteger(seed)) {
    console.error(usage);
    return 2;
  }
  if (noMinistack !== undefined) {
    console.error(`${noMinistack}: pip install ministack==1.5.33`);
    return 1;
  }

  mkdirSync('.millrace', { recursive: true });
  writeFileSync(logFile, '');
  const steps = createSteps(text => process.stderr.write(text));
  const stop = new AbortController();
  const onSignal = (): void => {
    process.stderr.write('\nstopping: MiniStack ends, and with it all that was deployed there\n');
    stop.abort(new Error('stopped'));
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, onSignal);
  process.stderr.write(`seed ${seed}; what MiniStack and the CDK say is in ${logFile}\n`);
  try {
    const report = await runDeployment({
      definitions,
      changedFeatures: 'test/deploy/changed-features.ts',
      events,
      seed,
      steps,
      signal: stop.signal,
      logFile,
      log: text => appendFileSync(logFile, text),
      beforeEnd: endpoint => (values.keep ? untilEnter(endpoint, stop.signal) : Promise.resolve()),
    });
    const passed = report.problems.length === 0;
    if (values.json) console.log(JSON.stringify({ passed, seed, steps: steps.done, ...report }, null, 2));
    for (const problem of report.problems.slice(0, 20)) process.stderr.write(`${problem}\n`);
    if (!values.json)
      console.log(passed ? 'deploy:local: all is as it should be' : `${report.problems.length} problems`);
    return passed ? 0 : 1;
  } catch (error) {
    if (stop.signal.aborted) return 130;
    throw error;
  }
}

async function untilEnter(endpoint: string, signal: AbortSignal): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const question = `It is at ${endpoint} (region us-east-1, any keys). Enter destroys it. `;
  await terminal.question(question, { signal }).finally(() => terminal.close());
}

process.exitCode = await main();
