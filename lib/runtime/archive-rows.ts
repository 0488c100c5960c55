import type { LogRecord } from './ports.ts';
import { unpackRecords } from './unpack-records.ts';

/** What Firehose hands to a function for records of a Kinesis stream, as far as it is used here. */
export interface FirehoseEvent {
  readonly records: readonly {
    readonly recordId: string;
    /** Base64. */
    readonly data: string;
    readonly kinesisRecordMetadata: {
      readonly shardId: string;
      readonly sequenceNumber: string;
      /** Milliseconds since 1970. */
      readonly approximateArrivalTimestamp: number;
    };
  }[];
}

export interface FirehoseResult {
  readonly records: readonly { readonly recordId: string; readonly result: 'Ok'; readonly data: string }[];
}

/**
 * The archive's rows of a batch: an event each, with its position and arrival. Nothing is judged here: bad events are
 * archived like good ones, and who reads the archive decides as the transform does. Bytes that are no UTF-8 are kept
 * as base64, marked so.
 */
export const toArchiveRows = ({ records }: FirehoseEvent): FirehoseResult => ({
  records: records.map(({ recordId, data, kinesisRecordMetadata: at }) => {
    const record: LogRecord = {
      shard: at.shardId,
      sequence: BigInt(at.sequenceNumber),
      arrivalTime: at.approximateArrivalTimestamp,
      data: Buffer.from(data, 'base64'),
    };
    // Firehose reads several JSON documents in one record, one a line.
    const rows = unpackRecords([record]).map(event => JSON.stringify(rowOf(event)));
    return { recordId, result: 'Ok', data: Buffer.from(`${rows.join('\n')}\n`).toString('base64') };
  }),
});

function rowOf({
  shard,
  sequence,
  arrivalTime,
  data,
  index = null,
}: LogRecord & { readonly index?: number | null }) {
  const bytes = Buffer.from(data);
  const text = bytes.toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(bytes);
  return {
    shard,
    sequence: sequence.toString(),
    index,
    arrival_time: arrivalTime,
    ...(isText ? { event: text } : { bytes: bytes.toString('base64') }),
  };
}
