import { serve } from '../../lib/local/index.ts';
import visits from '../cli/visits.ts';

/**
 * The service as a process of its own, to be killed: `child.ts <directory> [records]` says its URL once it listens.
 * Batches of so many records begin its second thread.
 */
const { url } = await serve({
  directory: process.argv[2]!,
  definitions: visits,
  create: true,
  port: 0,
  windowMs: 5,
  batchRecords: 500,
  secondThread: process.argv[3] === undefined ? {} : { leastRecords: Number(process.argv[3]) },
});
process.stdout.write(`${url}\n`);
