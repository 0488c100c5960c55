import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/**
 * Runs a command with DynamoDB Local at its side, under DYNAMODB_LOCAL_URL:
 *
 *   node test/adapters/dynamodb/local/run.ts vitest run test/adapters/dynamodb
 *
 * Needs Java 17 or newer with its compiler, and, the first time, Maven. Ends with the command's status, or 1 where
 * DynamoDB Local could not be had.
 */
async function main([command, ...args]: readonly string[]): Promise<number> {
  if (command === undefined) throw new Error('which command? For example: vitest run test/adapters/dynamodb');
  if (!existsSync(join(libraries, 'DynamoDBLocal-2.6.1.jar'))) {
    await run('mvn', [
      '-q',
      '-B',
      '-f',
      join(here, 'pom.xml'),
      'dependency:copy-dependencies',
      `-DoutputDirectory=${libraries}`,
    ]);
  }
  const server = spawn(
    'java',
    ['-cp', join(libraries, '*'), `-Djava.library.path=${libraries}`, join(here, 'Loopback.java')],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  try {
    const url = `http://127.0.0.1:${await portOf(server)}`;
    const child = spawn(command, args, {
      stdio: 'inherit',
      env: { ...process.env, DYNAMODB_LOCAL_URL: url },
    });
    const [status] = (await once(child, 'exit')) as [number | null];
    return status ?? 1;
  } finally {
    server.stdin.end();
  }
}

const here = dirname(fileURLToPath(import.meta.url));
const libraries = join(here, '../../../../node_modules/.cache/millrace/dynamodb-local');

async function run(command: string, args: readonly string[]): Promise<void> {
  const [status] = await once(spawn(command, args, { stdio: 'inherit' }), 'exit');
  if (status !== 0) throw new Error(`${command} ended with ${status}: DynamoDB Local could not be fetched`);
}

async function portOf(server: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: server.stdout as NodeJS.ReadableStream })) {
    const [, port] = /^port (\d+)$/.exec(line) ?? [];
    if (port !== undefined) return port;
  }
  throw new Error('DynamoDB Local ended before it listened: is this Java 17 or newer?');
}

process.exitCode = await main(process.argv.slice(2));
