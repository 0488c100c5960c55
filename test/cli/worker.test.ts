import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { startDynalite } from '../adapters/dynamodb/servers.ts';
import { startKinesisServer } from '../support/kinesis-server.ts';
import { runCli as cli, retailModule } from './run-cli.ts';

const worker = (...args: readonly string[]) =>
  cli('worker', '--bucket', 'lake', '--features', retailModule, ...args);

describe('a worker that cannot begin says why', () => {
  test.each<[string[], string]>([
    [['--stream', 'none'], 'there is no stream none: name one of purchases with --stream'],
    [['--env', 'prod'], "option '--env <name>' cannot be used with option '--bucket <name>'"],
    [['--batch', '0'], 'Write a whole number from 1 to 10,000.'],
    [['--lease', '5s'], 'Write a whole number from 1 to 3,600.'],
  ])('%j', async (args, message) => {
    const { code, stderr } = await worker(...args);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });

  test('no place to work at', async () => {
    const { code, stderr } = await cli('worker', '--features', retailModule);
    expect([code, stderr]).toEqual([1, expect.stringContaining('--bucket is missing')]);
  });

  test('tables that are missing, all of them', async () => {
    const [kinesis, dynamo] = await Promise.all([startKinesisServer({ shards: 1 }), startDynalite()]);
    onTestFinished(async () => {
      vi.unstubAllEnvs();
      await Promise.all([kinesis.close(), dynamo.stop()]);
    });
    for (const [name, value] of Object.entries({
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_ENDPOINT_URL_KINESIS: kinesis.endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: dynamo.url,
    }))
      vi.stubEnv(name, value);
    const { code, stderr } = await worker('--prefix', 'dev-');
    expect(code).toBe(1);
    expect(stderr).toMatch(/DynamoDB has no table dev-leases, dev-progress, dev-\w+\.1, .*--make-tables/);
    const wrong = await worker('--redis', 'http://:secret@cache', '--make-tables');
    expect(wrong.stderr).toContain('no address of Redis');
    expect(wrong.stderr).not.toContain('secret');
  });
});
