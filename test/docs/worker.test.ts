import { expect, test } from 'vitest';
import { startDynalite } from '../adapters/dynamodb/servers.ts';
import { startKinesisServer } from '../support/kinesis-server.ts';
import { startS3Server } from '../support/s3-server.ts';
import { blocksOf, readDocument, runBeside } from './shell.ts';

test('the commands of docs/worker.md run', { timeout: 120_000 }, async () => {
  const [kinesis, s3, dynamo] = await Promise.all([
    startKinesisServer({ shards: 2 }),
    startS3Server({ pageSize: 1_000 }),
    startDynalite(),
  ]);
  try {
    const commands = blocksOf(readDocument('docs/worker.md'), 'sh');
    expect(commands).toHaveLength(2);
    const output = await runBeside(commands, {
      AWS_ENDPOINT_URL_KINESIS: kinesis.endpoint,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: dynamo.url,
    });
    expect(output).toContain(
      'on stream interactions (dev-interactions@2026-01-01T00:00:00Z); Ctrl-C stops it',
    );
    expect(output).toMatch(/^shardId-0+1? given up$/m);
    expect(output).toMatch(/^1 shard · .* · 1 counted · 0 late · 1 bad · .* behind/m);
    expect(output).toMatch(/^stopped; 1 events? counted, 0 counted before, 0 late, 1 bad$/m);
    expect([...s3.objects.keys()]).toEqual([expect.stringMatching(/^dev-lake\/quarantine\/interactions\//)]);
  } finally {
    await Promise.all([kinesis.close(), s3.close(), dynamo.stop()]);
  }
});
