import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CompiledDefinitions } from '../../lib/local/index.ts';
import { startMinistack } from '../adapters/ministack/server.ts';
import { type CdkOptions, cdk } from './cdk.ts';
import { checkValues, type ValueReport } from './check-values.ts';
import { lookAround } from './deployment.ts';
import { feedEvents, requestsOf } from './events.ts';
import { type EventCounts, expectSigned } from './http-client.ts';
import { inventory } from './leftovers.ts';
import { type SendSigned, signedRequests } from './signed-requests.ts';
import type { Steps } from './steps.ts';
import { openTwin, type Twin } from './twin.ts';
import { openWorld, untilProcessed, type World } from './world.ts';

export interface RunOptions {
  readonly definitions: CompiledDefinitions;
  readonly events: number;
  readonly seed: number;
  readonly steps: Steps;
  readonly signal: AbortSignal;
  /** The file that MiniStack's and the CDK's own words go to. */
  readonly logFile: string;
  readonly log: (text: string) => void;
  /** Called before all is destroyed: with the endpoint, for those who want to look around first. */
  readonly beforeEnd: (endpoint: string) => Promise<void>;
}

export interface RunReport {
  /** What is wrong, in words; none where all is as it should be. */
  readonly problems: readonly string[];
  readonly values: ValueReport;
}

const region = 'us-east-1';
const account = '000000000000';

const deployOptions = ['--require-approval', 'never', '--progress', 'events'];

/** Options that choose the environment, and other definitions than its own. */
const synthOf = (features?: string): readonly string[] => [
  '-c',
  'env=local',
  ...(features === undefined ? [] : ['-c', `features=${features}`]),
];

/** A whole environment on a local AWS that others wrote, from bootstrapping to the last thing destroyed. */
export async function runDeployment(options: RunOptions): Promise<RunReport> {
  const { steps, signal, log } = options;
  const folder = await mkdtemp(join(tmpdir(), 'millrace-deploy-'));
  const ministack = await steps.run('start MiniStack', () => startMinistack({ log: options.logFile }));
  const { connection } = ministack;
  const cdkOptions: CdkOptions = {
    environment: {
      AWS_ENDPOINT_URL: connection.endpoint,
      AWS_ACCESS_KEY_ID: connection.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: connection.credentials.secretAccessKey,
      AWS_REGION: region,
      // Nothing is looked up in the user's own account.
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: join(folder, 'no-config'),
      AWS_SHARED_CREDENTIALS_FILE: join(folder, 'no-credentials'),
    },
    log,
    signal,
  };
  const send = signedRequests(connection);
  const assembly = join(folder, 'cdk.out');
  const ending: (() => unknown)[] = [];
  try {
    await steps.run('cdk synth', () =>
      cdk(['synth', '--quiet', ...synthOf(), '--output', assembly, '**'], cdkOptions),
    );
    await steps.run('cdk bootstrap', () =>
      cdk(['bootstrap', '--app', assembly, `aws://${account}/${region}`], cdkOptions),
    );
    const before = await inventory(send);
    const deployment = await steps.run('cdk deploy', async tell => {
      await cdk(['deploy', ...deployOptions, '--app', assembly, '**'], cdkOptions);
      const there = await inventory(send);
      tell(`${countOf(there, before, 'stack')} stacks, ${there.size - before.size} things`);
      return lookAround(connection, send);
    });
    const world = openWorld(connection, deployment);
    ending.push(() => world.close());
    const twin = await openTwin(options.definitions, streamOf(options.definitions));
    ending.push(() => twin.close());

    await steps.run('ask without a signature', async tell => {
      await expectSigned(connection.endpoint, deployment.apiPath);
      tell('403');
    });
    await sendAll(world, options);
    const values = await readAll(world, twin, options);
    const problems = values.differences.map(
      d => `${d.where}: deployed ${JSON.stringify(d.deployed)}, local ${JSON.stringify(d.local)}`,
    );

    await options.beforeEnd(connection.endpoint);
    problems.push(...(await destroyAll(send, before, cdkOptions, steps, assembly)));
    return { problems, values };
  } finally {
    for (const end of ending.reverse()) await end();
    await ministack.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const streamOf = ({ plan }: CompiledDefinitions): string => plan.streams[0]!.name;

async function sendAll({ http }: World, { events, seed, steps, signal }: RunOptions): Promise<void> {
  await steps.run(`send ${events.toLocaleString('en')} events of eight days over HTTP`, async tell => {
    const requests = requestsOf(feedEvents({ events, seed, until: Date.now() }), 500);
    const counts = { accepted: 0, rejected: 0, failed: 0 };
    for (const { body, refused } of requests) {
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

async function readAll(
  world: World,
  twin: Twin,
  { definitions, steps, signal }: RunOptions,
): Promise<ValueReport> {
  const shards = await steps.run('let the deployed functions transform them', async tell => {
    const held = await untilProcessed(world, { limitMs: 300_000, signal });
    tell(`${[...held.values()].flat().length.toLocaleString('en')} records of ${held.size} shards`);
    return held;
  });
  return steps.run('read all back over HTTP, beside the local service', async tell => {
    const report = await checkValues(world, twin, definitions, shards);
    const { compared, rounded, differences, entities, rows, setAside } = report;
    const aside = Object.entries(setAside).map(([reason, n]) => `${n} ${reason}`);
    const numbers = [
      `${compared.toLocaleString('en')} values of ${entities.toLocaleString('en')} entities in ${rows} rows`,
      `${rounded} equal but for rounding`,
      `set aside: ${aside.join(', ')}`,
      `${differences.length} differences`,
    ];
    tell(numbers.join('; '));
    return report;
  });
}

async function destroyAll(
  send: SendSigned,
  before: ReadonlySet<string>,
  cdkOptions: CdkOptions,
  steps: Steps,
  assembly: string,
): Promise<readonly string[]> {
  return steps.run('cdk destroy', async tell => {
    await cdk(['destroy', '--force', '--app', assembly, '**'], cdkOptions);
    const after = await inventory(send);
    const left = [...after].filter(one => !before.has(one));
    tell(left.length === 0 ? 'nothing is left' : `${left.length} things are left`);
    return left.map(one => `left over: ${one}`);
  });
}

const countOf = (after: ReadonlySet<string>, before: ReadonlySet<string>, kind: string): number =>
  [...after].filter(one => one.startsWith(`${kind} `) && !before.has(one)).length;
