import type { S3Client } from '@aws-sdk/client-s3';
import type { Quarantine, UnappliedStore } from '../../runtime/ports.ts';
import { createS3Quarantine } from './quarantine.ts';
import { createS3UnappliedStore } from './unapplied.ts';

export interface SetAside {
  readonly quarantine: Quarantine;
  readonly unapplied: UnappliedStore;
}

/** Where in its bucket each of them is: functions, workers and tools have to agree. */
export const setAsidePrefixes = { quarantine: 'quarantine/', unapplied: 'unapplied/' } as const;

/** Where events go that cannot be processed. */
export const openSetAside = (client: S3Client, bucket: string): SetAside => ({
  quarantine: createS3Quarantine({ client, bucket, prefix: setAsidePrefixes.quarantine }),
  unapplied: createS3UnappliedStore({ client, bucket, prefix: setAsidePrefixes.unapplied }),
});
