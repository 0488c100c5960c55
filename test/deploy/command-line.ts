import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { arrivalBytes, createFeed, noFaults } from '../../features/feed/generator/index.ts';
import type { EnvironmentStatus } from '../../lib/cli/deployed/status.ts';
import type { EntityKey } from '../../lib/runtime/read.ts';
import { blocksOf, readDocument } from '../docs/shell.ts';
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
  const url = connection.endpoint + deployment.apiPath;
  const api = ['--env', 'local', '--url', url];
  const ask = askMillrace(connection, signal);

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

  const printed = await runAsDocumented(connection, url, signal);
  for (const expected of ['1 accepted', 'user_engagement', 'last hour'])
    if (!printed.includes(expected)) problems.push(`docs/deploy.md: its commands do not print ${expected}`);

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

/** What `millrace …` says as JSON, of what is deployed at a connection. */
export type AskMillrace = (...args: readonly string[]) => Promise<unknown>;

export const askMillrace =
  (connection: Connection, signal: AbortSignal): AskMillrace =>
  async (...args) =>
    JSON.parse((await run(connection, [...args, '--json'], signal)).stdout);

function run(connection: Connection, args: readonly string[], signal: AbortSignal) {
  const options = { env: environmentOf(connection), signal, maxBuffer: 1 << 26 };
  return promisify(execFile)(process.execPath, [program, ...args], options);
}

/** The commands of docs/deploy.md for the first value, as a reader types them, of this environment instead of dev. */
async function runAsDocumented(connection: Connection, api: string, signal: AbortSignal) {
  const commands = blocksOf(readDocument('docs/deploy.md'), 'sh').find(block =>
    block.includes('millrace send'),
  );
  if (commands === undefined) throw new Error('docs/deploy.md does not say how to send an event');
  const cwd = await mkdtemp(join(tmpdir(), 'millrace-deploy-'));
  const npx = `npx() { shift; "${process.execPath}" "${program}" "$@"; }`;
  const script = `${npx}\n${commands.replaceAll('--env dev', '--env local --url "$API"')}`;
  const options = { cwd, env: { ...environmentOf(connection), NO_COLOR: '1', API: api }, signal };
  try {
    return (await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], options)).stdout;
  } finally {
    await rm(cwd, { recursive: true });
  }
}

const environmentOf = ({ endpoint, region, credentials }: Connection) => ({
  ...process.env,
  AWS_ENDPOINT_URL: endpoint,
  AWS_REGION: region,
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
});
