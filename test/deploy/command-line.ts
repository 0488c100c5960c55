import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { arrivalBytes, createFeed, noFaults } from '../../features/feed/generator/index.ts';
import type { EnvironmentStatus } from '../../lib/cli/deployed/status.ts';
import type { EntityKey } from '../../lib/runtime/read.ts';
import type { Connection } from './signed-requests.ts';
import { untilProcessed, type World } from './world.ts';

export interface CommandLineOptions {
  readonly connection: Connection;
  /** Of an entity that the group knows. */
  readonly group: string;
  readonly entity: EntityKey;
  readonly seed: number;
  readonly signal: AbortSignal;
}

/**
 * Asks the deployed environment by the command line, as a person would: its status, features, an event, and what is in
 * quarantine, which is put into the stream anew. Gives what is wrong, in words.
 */
export async function tryCommandLine(world: World, options: CommandLineOptions): Promise<readonly string[]> {
  const { connection, group, entity, seed, signal } = options;
  const { deployment, quarantine } = world;
  const problems: string[] = [];
  const expectEqual = (what: string, found: unknown, expected: unknown): void => {
    const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
    if (a !== b) problems.push(`${what}: ${a}, and not ${b}`);
  };
  const api = ['--env', 'local', '--url', connection.endpoint + deployment.apiPath];
  const ask = async (...args: string[]): Promise<unknown> =>
    JSON.parse((await run(connection, [...args, '--json'], signal)).stdout);

  const status = (await ask('status', '--env', 'local')) as EnvironmentStatus;
  expectEqual('status: the active Plan', status.plan.hash, deployment.active.plan.hash);
  expectEqual(
    'status: streams',
    status.streams.map(({ stream }) => stream),
    deployment.active.plan.streams.map(({ name }) => name),
  );

  const key = Object.entries(entity)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
  const read = (await ask('read', group, key, ...api)) as { entities: { status: string; values: object }[] };
  expectEqual(`read ${key}`, read.entities[0]?.status, 'known');
  const { features } = await world.http.read(group, [entity]);
  expectEqual('read: features', Object.keys(read.entities[0]?.values ?? {}).sort(), [...features].sort());

  const folder = await mkdtemp(join(tmpdir(), 'millrace-deploy-'));
  try {
    const file = join(folder, 'events.ndjson');
    await writeFile(file, someEvents(seed));
    const sent = (await ask('send', file, ...api)) as { accepted: number };
    expectEqual('send', sent.accepted, sentEvents);
  } finally {
    await rm(folder, { recursive: true });
  }

  const before = await quarantine.count();
  const listed = (await ask('quarantine', 'list', '--env', 'local')) as { counts: object };
  expectEqual('quarantine list', listed.counts, Object.fromEntries(before));
  const redriven = await ask('quarantine', 'redrive', '--reason', 'schema', '--env', 'local');
  expectEqual('quarantine redrive', redriven, { redriven: before.get('schema') ?? 0, failed: 0 });
  await untilProcessed(world, { limitMs: 120_000, signal });
  // They are as wrong as they were, and are set aside under their new positions.
  expectEqual('schema in quarantine', (await quarantine.count()).get('schema'), before.get('schema'));
  return problems;
}

const sentEvents = 3;

function someEvents(seed: number): Buffer {
  const size = { users: 3, items: 5, authors: 2 };
  const feed = createFeed({
    seed,
    ...size,
    start: Date.now() - 60_000,
    eventsPerSecond: 100,
    rates: noFaults,
  });
  const newline = Buffer.from('\n');
  return Buffer.concat(
    Array.from({ length: sentEvents }, () => arrivalBytes(feed.next().value)).flatMap(e => [e, newline]),
  );
}

const program = fileURLToPath(new URL('../../bin/millrace.ts', import.meta.url));

function run({ endpoint, region, credentials }: Connection, args: readonly string[], signal: AbortSignal) {
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
  return promisify(execFile)(process.execPath, [program, ...args], { env, signal, maxBuffer: 1 << 26 });
}
