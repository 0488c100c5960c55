import { S3Client } from '@aws-sdk/client-s3';
import { createS3Quarantine } from '../lib/adapters/s3/quarantine.ts';
import { createS3UnappliedStore } from '../lib/adapters/s3/unapplied.ts';
import type { Quarantine, UnappliedStore } from '../lib/runtime/ports.ts';

export interface SetAside {
  readonly quarantine: Quarantine;
  readonly unapplied: UnappliedStore;
}

/** Where events go that cannot be processed: a bucket's `quarantine/` and `unapplied/`. */
export function openSetAside(bucket: string): SetAside {
  const client = new S3Client();
  return {
    quarantine: createS3Quarantine({ client, bucket, prefix: 'quarantine/' }),
    unapplied: createS3UnappliedStore({ client, bucket, prefix: 'unapplied/' }),
  };
}
