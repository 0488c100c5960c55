import type { ObjectPlace } from '../../../lib/adapters/s3/objects.ts';
import { createS3Quarantine } from '../../../lib/adapters/s3/quarantine.ts';
import { createS3UnappliedStore } from '../../../lib/adapters/s3/unapplied.ts';
import type { Subject } from '../../conformance/harness.ts';
import { quarantineConformance } from '../../conformance/quarantine.ts';
import { unappliedConformance } from '../../conformance/unapplied.ts';
import { startS3Server } from '../../support/s3-server.ts';

async function s3Subject<Adapter>(open: (place: ObjectPlace) => Adapter): Promise<Subject<Adapter>> {
  const server = await startS3Server({ pageSize: 2 });
  const place = { client: server.client, bucket: 'lake', prefix: 'set-aside/' };
  return {
    adapter: open(place),
    reopen: async () => open(place),
    dispose: () => server.close(),
  };
}

quarantineConformance('s3', () => s3Subject(createS3Quarantine), { keepsBothReasons: true });
unappliedConformance('s3', () => s3Subject(createS3UnappliedStore));
