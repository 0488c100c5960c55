import { parseArgs } from 'node:util';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { createKinesisClient } from '../../lib/adapters/kinesis/client.ts';

/* Stands in for AWS's command line, as far as documents use it. The stream and the bucket that they make are there. */

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    'stream-name': { type: 'string', default: '' },
    'shard-count': { type: 'string' },
    'partition-key': { type: 'string', default: '' },
    'cli-binary-format': { type: 'string' },
    data: { type: 'string', default: '' },
  },
});
const command = positionals.slice(0, 2).join(' ');
if (command === 'kinesis put-record') {
  const client = createKinesisClient();
  const record = { PartitionKey: values['partition-key'], Data: Buffer.from(values.data) };
  await client.send(new PutRecordsCommand({ StreamName: values['stream-name'], Records: [record] }));
  client.destroy();
} else if (command !== 'kinesis create-stream' && command !== 's3 mb') {
  throw new Error(`aws ${command}: what is it to do?`);
}
