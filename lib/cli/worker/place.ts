import type { Deployment } from '../../adapters/aws/deployment.ts';
import { MillraceError } from '../../runtime/errors.ts';

/** Where a worker's stream comes from and what it makes goes to. */
export interface WorkerPlace {
  /** Kinesis' name of the stream. */
  readonly kinesisStream: string;
  /** Names this life of the stream; null: by when it was made. */
  readonly incarnation: string | null;
  /** For events that cannot be processed. */
  readonly bucket: string;
  readonly leaseTable: string;
  readonly rows: RowPlace;
}

export type RowPlace =
  /** Tables of DynamoDB under names of their own, by the definitions. */
  | { readonly kind: 'tables'; readonly prefix: string; readonly progressTable: string }
  /** Redis, under a prefix. */
  | { readonly kind: 'redis'; readonly url: string; readonly prefix: string }
  /** A deployed environment's tables, by the Plan that is active there. */
  | { readonly kind: 'deployed'; readonly controlTable: string; readonly progressTable: string };

export interface PlaceOptions {
  readonly stream: string;
  readonly bucket: string;
  readonly kinesis?: string | undefined;
  readonly incarnation?: string | undefined;
  readonly prefix: string;
  readonly redis?: string | undefined;
}

/** A place of which all names begin with the prefix, but for the bucket. */
export function ownPlace({ stream, bucket, kinesis, incarnation, prefix, redis }: PlaceOptions): WorkerPlace {
  return {
    kinesisStream: kinesis ?? prefix + stream,
    incarnation: incarnation ?? null,
    bucket,
    leaseTable: `${prefix}leases`,
    rows:
      redis === undefined
        ? { kind: 'tables', prefix, progressTable: `${prefix}progress` }
        : { kind: 'redis', url: redis, prefix },
  };
}

/** Where the functions of a deployed environment work. Throws MillraceError where it has no such stream. */
export function deployedPlace(deployment: Deployment, stream: string, incarnation?: string): WorkerPlace {
  const { environment, streams, incarnations, bucket, controlTable, progressTable, leaseTable } = deployment;
  const kinesisStream = streams.get(stream);
  // The life is named as it is for the transform function: under another all events would count again.
  const life = incarnation ?? incarnations.get(stream);
  if (kinesisStream === undefined || life === undefined) {
    const names = [...streams.keys()].join(', ');
    throw new MillraceError(`environment ${environment} has no stream ${stream}; it has ${names || 'none'}`);
  }
  return {
    kinesisStream,
    incarnation: life,
    bucket,
    leaseTable,
    rows: { kind: 'deployed', controlTable, progressTable },
  };
}
