import { MillraceError, StoreError } from './errors.ts';
import type { LogRecord } from './ports.ts';
import type { Transform, TransformResult } from './transform-result.ts';

/** What Lambda hands to a function for a batch of a Kinesis shard, as far as it is used here. */
export interface KinesisEvent {
  readonly Records: readonly {
    /** `shardId-000000000006:49590338271490256608559692538361571095921575989136588898` */
    readonly eventID: string;
    readonly kinesis: {
      readonly sequenceNumber: string;
      /** Seconds since 1970, with decimals. */
      readonly approximateArrivalTimestamp: number;
      /** Base64. */
      readonly data: string;
    };
  }[];
}

/** Which records Lambda has to give again: the lowest of them, and all behind it. */
export interface KinesisBatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** A batch that no event source mapping of a Kinesis stream makes. */
export class KinesisBatchError extends MillraceError {
  override readonly name = 'KinesisBatchError';
}

export interface KinesisHandlerOptions {
  readonly transform: Transform;
  /** Told of every batch that was answered. */
  readonly observe?: (result: TransformResult) => void;
  /** Told why nothing of a batch could be done. */
  readonly onError?: (error: StoreError) => void;
}

/**
 * The transform as a Lambda function of a Kinesis event source with `ReportBatchItemFailures`.
 *
 * What the stores cannot do now is answered as failures and not as an error of the function: an error would make
 * Lambda bisect the batch, which helps nothing against a throttled table. Any other error is thrown, so that bisecting
 * finds the record to blame.
 */
export function createKinesisHandler({ transform, observe, onError }: KinesisHandlerOptions) {
  return async (event: KinesisEvent): Promise<KinesisBatchResponse> => {
    const batch = recordsOf(event);
    if (batch === null) return { batchItemFailures: [] };
    try {
      const result = await transform(batch);
      observe?.(result);
      return { batchItemFailures: result.failures.map(s => ({ itemIdentifier: s.toString() })) };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      onError?.(error);
      return { batchItemFailures: batch.records.map(r => ({ itemIdentifier: r.sequence.toString() })) };
    }
  };
}

/** The shard and the records of a batch, in order; null where there are none. Throws KinesisBatchError. */
export function recordsOf(
  event: KinesisEvent,
): { readonly shard: string; readonly records: readonly LogRecord[] } | null {
  const [first] = event.Records;
  if (first === undefined) return null;
  const shard = shardOf(first.eventID);
  const records = event.Records.map(({ eventID, kinesis }): LogRecord => {
    const own = shardOf(eventID);
    if (own !== shard) throw new KinesisBatchError(`one batch of two shards, ${shard} and ${own}`);
    return {
      shard,
      sequence: sequenceOf(kinesis.sequenceNumber),
      arrivalTime: Math.round(kinesis.approximateArrivalTimestamp * 1000),
      data: Buffer.from(kinesis.data, 'base64'),
    };
  });
  return { shard, records };
}

function shardOf(eventId: string): string {
  const end = eventId.lastIndexOf(':');
  if (end <= 0) throw new KinesisBatchError(`record ${JSON.stringify(eventId)} does not name its shard`);
  return eventId.slice(0, end);
}

function sequenceOf(text: string): bigint {
  if (!/^\d{1,128}$/.test(text))
    throw new KinesisBatchError(`sequence number ${JSON.stringify(text)} is no number`);
  return BigInt(text);
}
