import type { CompiledDefinitions } from '../../lib/local/index.ts';
import { changeDefinitions } from './change.ts';
import { checkValues, type ValueReport } from './check-values.ts';
import { askMillrace, tryCommandLine } from './command-line.ts';
import { startPoller } from './deployed-poller.ts';
import { lookAround } from './deployment.ts';
import { feedEvents, requestsOf } from './events.ts';
import { failures, runFailure } from './failures.ts';
import { type EventCounts, expectSigned } from './http-client.ts';
import { inventory } from './leftovers.ts';
import { startLocalAws } from './local-aws.ts';
import { settingsOf } from './mapping-settings.ts';
import { signedRequests } from './signed-requests.ts';
import type { Steps } from './steps.ts';
import { openTwin, type Twin } from './twin.ts';
import { openWorld, untilProcessed, type World } from './world.ts';

export interface RunOptions {
  readonly definitions: CompiledDefinitions;
  /** The module of definitions with a group more. */
  readonly changedFeatures: string;
  readonly events: number;
  readonly seed: number;
  readonly steps: Steps;
  readonly signal: AbortSignal;
  /** The file that MiniStack's and the CDK's own words go to. */
  readonly logFile: string;
  readonly log: (text: string) => void;
  /** Called with the endpoint before all is destroyed, for those who want to look around first. */
  readonly beforeEnd: (endpoint: string) => Promise<void>;
}

export interface RunReport {
  /** What is wrong, in words; none where all is as it should be. */
  readonly problems: readonly string[];
}

/** A whole environment on a local AWS that others wrote, from bootstrapping to the last thing destroyed. */
export async function runDeployment(options: RunOptions): Promise<RunReport> {
  const { definitions, steps } = options;
  const problems: string[] = [];
  const aws = await steps.run('start MiniStack', () => startLocalAws(options));
  const ending: (() => unknown)[] = [() => aws.stop()];
  try {
    const { connection } = aws;
    const send = signedRequests(connection);
    const assembly = await steps.run('cdk synth', () => aws.synth('cdk.out'));
    await steps.run('cdk bootstrap', () => aws.bootstrap(assembly));
    const before = await inventory(send);
    await steps.run('cdk deploy', async tell => {
      await aws.deploy(assembly);
      tell(`${(await inventory(send)).size - before.size} stacks, functions, tables and so on`);
    });
    const world = openWorld(connection, await lookAround(connection, send));
    ending.push(() => world.close());
    const twin = await openTwin(definitions, definitions.plan.streams[0]!.name);
    ending.push(() => twin.close());

    await steps.run('ask without a signature', async tell => {
      await expectSigned(connection.endpoint, world.deployment.apiPath);
      tell('403');
    });
    await sendEvents(world, options);
    problems.push(...(await readAll(world, twin, options)));

    const poller = await steps.run('disable the mapping, and do as it says', async tell => {
      tell(JSON.stringify(settingsOf(world.deployment.mapping)));
      return startPoller(world, await world.records());
    });
    ending.push(() => poller.stop());
    for (const [name, failure] of Object.entries(failures)) {
      const millrace = askMillrace(connection, options.signal);
      const failing = { ...options, millrace, poller, dynamoFaults: aws.dynamoFaults };
      await steps.run(`make fail: ${name}`, async tell => tell(await runFailure(failure, world, failing)));
    }
    twin.leaveOut(poller.givenUp.flatMap(({ records }) => records.map(({ sequence }) => sequence)));
    problems.push(...(await readAll(world, twin, options)));

    const changed = await steps.run('cdk synth of a changed definition', () =>
      aws.synth('changed.out', options.changedFeatures),
    );
    const deploy = (which: 'changed' | 'original') => aws.deploy(which === 'changed' ? changed : assembly);
    problems.push(...(await changeDefinitions({ ...options, connection, world, twin, deploy, tellOf })));
    const entity = { group: 'user_engagement', entity: { user: 'u1' } };
    await steps.run('ask by the command line', async tell => {
      const now = openWorld(connection, await lookAround(connection, send));
      const found = await tryCommandLine(now, { ...options, ...entity, connection }).finally(() =>
        now.close(),
      );
      problems.push(...found);
      tell(`status, read, send, quarantine list and redrive; ${found.length} problems`);
    });
    await poller.stop();

    await options.beforeEnd(connection.endpoint);
    await steps.run('cdk destroy', async tell => {
      await aws.destroy(assembly);
      const left = [...(await inventory(send))].filter(one => !before.has(one));
      tell(left.length === 0 ? 'nothing is left' : `${left.length} things are left`);
      problems.push(...left.map(one => `left over: ${one}`));
    });
    return { problems };
  } finally {
    await endAll(ending.reverse());
  }
}

/** Ends all, whatever one of them throws. */
async function endAll([end, ...others]: readonly (() => unknown)[]): Promise<void> {
  if (end === undefined) return;
  try {
    await end();
  } finally {
    await endAll(others);
  }
}

async function sendEvents({ http }: World, { events, seed, steps, signal }: RunOptions): Promise<void> {
  await steps.run(`send ${events.toLocaleString('en')} events of eight days over HTTP`, async tell => {
    const counts = { accepted: 0, rejected: 0, failed: 0 };
    for (const { body, refused } of requestsOf(feedEvents({ events, seed, until: Date.now() }), 500)) {
      signal.throwIfAborted();
      const answer = await http.send(body);
      if (answer.rejected !== refused)
        throw new Error(`${answer.rejected} events were refused, not ${refused}`);
      for (const name of Object.keys(counts) as (keyof EventCounts)[]) counts[name] += answer[name];
    }
    if (counts.failed > 0) throw new Error(`${counts.failed} events were not taken`);
    tell(`${counts.accepted.toLocaleString('en')} accepted, ${counts.rejected} refused`);
  });
}

/** Waits for the deployed functions, and compares all that they made. Gives what is different, in words. */
async function readAll(
  world: World,
  twin: Twin,
  { definitions, steps, signal }: RunOptions,
): Promise<readonly string[]> {
  const shards = await steps.run('let the deployed functions transform them', async tell => {
    const held = await untilProcessed(world, { limitMs: 300_000, signal });
    tell(`${[...held.values()].flat().length.toLocaleString('en')} records of ${held.size} shards`);
    return held;
  });
  return steps.run('read all back over HTTP, beside the local service', async tell => {
    const report = await checkValues(world, twin, definitions, shards);
    tell(tellOf(report));
    return report.differences.map(
      d => `${d.where}: deployed ${JSON.stringify(d.deployed)}, local ${JSON.stringify(d.local)}`,
    );
  });
}

function tellOf({ compared, rounded, differences, entities, rows, setAside }: ValueReport): string {
  const aside = Object.entries(setAside).map(([reason, n]) => `${n} ${reason}`);
  return [
    `${compared.toLocaleString('en')} values of ${entities.toLocaleString('en')} entities in ${rows} rows`,
    `${rounded} equal but for rounding`,
    `set aside: ${aside.join(', ')}`,
    `${differences.length} differences`,
  ].join('; ');
}
