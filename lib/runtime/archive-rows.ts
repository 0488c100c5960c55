import type { LogRecord } from './ports.ts';
import { unpackRecords } from './unpack-records.ts';

/** What Firehose hands to a function for records of a Kinesis stream, as far as it is used here. */
export interface FirehoseEvent {
  readonly deliveryStreamArn?: string;
  readonly records: readonly FirehoseRecord[];
}

export interface FirehoseRecord {
  readonly recordId: string;
  /** Base64. */
  readonly data: string;
  /** Absent where the record is not from a Kinesis stream. */
  readonly kinesisRecordMetadata?: {
    readonly shardId: string;
    readonly sequenceNumber: string;
    /** Milliseconds since 1970. */
    readonly approximateArrivalTimestamp: number;
  };
}

export interface FirehoseResult {
  readonly records: readonly {
    readonly recordId: string;
    /** What failed Firehose puts under the failure prefix as it came, and does not try again. */
    readonly result: 'Ok' | 'ProcessingFailed';
    readonly data: string;
  }[];
}

/** A record that no rows can be made of. */
export interface ArchiveFailure {
  readonly recordId: string;
  readonly reason: string;
}

/**
 * The archive's rows of a batch: an event each, with its position and arrival. Events are not judged here: bad ones are
 * archived like good ones, and who reads the archive decides as the transform does. Bytes that are no UTF-8 are kept as
 * base64, marked so. A record without a position fails alone: were it thrown, its whole batch would fail.
 */
export function toArchiveRows({ records }: FirehoseEvent): {
  readonly answer: FirehoseResult;
  readonly failures: readonly ArchiveFailure[];
} {
  const failures: ArchiveFailure[] = [];
  const answers = records.map(({ recordId, data, ...of }): FirehoseResult['records'][number] => {
    const record = logRecordOf({ data, ...of });
    if (typeof record === 'string') {
      failures.push({ recordId, reason: record });
      return { recordId, result: 'ProcessingFailed', data };
    }
    // Firehose reads several JSON documents in one record, one a line.
    const rows = unpackRecords([record]).map(event => JSON.stringify(rowOf(event)));
    return { recordId, result: 'Ok', data: Buffer.from(`${rows.join('\n')}\n`).toString('base64') };
  });
  return { answer: { records: answers }, failures };
}

/** The record as the stream has it, or what is wrong: it comes from outside, whatever its type says. */
function logRecordOf({
  data,
  kinesisRecordMetadata: at,
}: Omit<FirehoseRecord, 'recordId'>): LogRecord | string {
  if (typeof data !== 'string') return 'it has no data';
  if (at === undefined || at === null)
    return 'it has no kinesisRecordMetadata: it is not from a Kinesis stream';
  const { shardId, sequenceNumber, approximateArrivalTimestamp } = at;
  if (typeof shardId !== 'string' || shardId === '') return 'it has no shardId';
  if (!/^\d+$/.test(sequenceNumber)) return `its sequenceNumber is no number: ${sequenceNumber}`;
  if (!Number.isFinite(approximateArrivalTimestamp))
    return `its approximateArrivalTimestamp is no time: ${approximateArrivalTimestamp}`;
  return {
    shard: shardId,
    sequence: BigInt(sequenceNumber),
    arrivalTime: approximateArrivalTimestamp,
    data: Buffer.from(data, 'base64'),
  };
}

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
