import { serve } from '../../lib/local/index.ts';
import visits from '../cli/visits.ts';

/** The service as a process of its own, to be killed: `child.ts <directory>` says its URL once it listens. */
const { url } = await serve({
  directory: process.argv[2]!,
  definitions: visits,
  create: true,
  port: 0,
  windowMs: 5,
  batchRecords: 500,
});
process.stdout.write(`${url}\n`);
