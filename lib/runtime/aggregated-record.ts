import { createHash } from 'node:crypto';

/**
 * Records as the Kinesis Producer Library aggregates them: four magic bytes, a Protobuf message, and the message's MD5.
 *
 *     message AggregatedRecord { repeated string partition_key_table = 1; repeated string explicit_hash_key_table = 2;
 *                                repeated Record records = 3; }
 *     message Record { required uint64 partition_key_index = 1; optional uint64 explicit_hash_key_index = 2;
 *                      required bytes data = 3; repeated Tag tags = 4; }
 *
 * Source: aggregation-format.md of awslabs/amazon-kinesis-producer. The magic bytes are no UTF-8, so no event's text
 * begins like this.
 */
export const isAggregated = (data: Uint8Array): boolean =>
  data[0] === 0xf3 && data[1] === 0x89 && data[2] === 0x9a && data[3] === 0xc2;

/** The bytes of each record within, in order; null where the checksum or the message is broken, or holds none. */
export function disaggregate(data: Uint8Array): readonly Uint8Array[] | null {
  const end = data.length - checksumBytes;
  if (end <= magicBytes) return null;
  const message = data.subarray(magicBytes, end);
  const checksum = createHash('md5').update(message).digest();
  if (!checksum.equals(data.subarray(end))) return null;
  const records = bytesFields(message, 3);
  const events: Uint8Array[] = [];
  for (const record of records ?? []) {
    const event = bytesFields(record, 3)?.at(-1);
    if (event === undefined) return null;
    events.push(event);
  }
  return events.length === 0 ? null : events;
}

const magicBytes = 4;
const checksumBytes = 16;

/** Every value of a length-delimited field of a Protobuf message, other fields passed over; null where it is broken. */
function bytesFields(message: Uint8Array, field: number): readonly Uint8Array[] | null {
  const values: Uint8Array[] = [];
  const cursor = { message, at: 0 };
  while (cursor.at < message.length) {
    const tag = readVarint(cursor);
    if (tag === null) return null;
    const length = lengthOf(tag % 8, cursor);
    if (length === null || length > message.length - cursor.at) return null;
    if (tag === field * 8 + lengthDelimited) values.push(message.subarray(cursor.at, cursor.at + length));
    cursor.at += length;
  }
  return values;
}

interface Cursor {
  readonly message: Uint8Array;
  at: number;
}

const lengthDelimited = 2;

/** How many bytes the value at the cursor still takes; null for a wire type that the format does not use. */
function lengthOf(wireType: number, cursor: Cursor): number | null {
  switch (wireType) {
    case 0:
      return readVarint(cursor) === null ? null : 0;
    case 1:
      return 8;
    case lengthDelimited:
      return readVarint(cursor);
    case 5:
      return 4;
    default:
      return null;
  }
}

/** Exact up to 2^53, which no length or tag reaches; null where it does not end. */
function readVarint(cursor: Cursor): number | null {
  let value = 0;
  for (let scale = 1; scale < 2 ** 70; scale *= 128) {
    const byte = cursor.message[cursor.at++];
    if (byte === undefined) return null;
    value += (byte % 128) * scale;
    if (byte < 128) return value;
  }
  return null;
}
