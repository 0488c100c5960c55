import { StoreError } from '../../runtime/errors.ts';
import type { LogRecord } from '../../runtime/ports.ts';
import type { KeyRange } from './database.ts';

/** "record", stream, shard (2 bytes), sequence (6 bytes): a shard's records stand in order. */
export function recordKey(stream: string, shard: number, sequence: number): Buffer {
  const prefix = `record\0${stream}\0`;
  const length = Buffer.byteLength(prefix);
  const key = Buffer.allocUnsafe(length + 8);
  key.write(prefix);
  writeRecordKey(key, shard, sequence);
  return key;
}

/** Makes the key of one record that of another of its stream. */
export function writeRecordKey(key: Buffer, shard: number, sequence: number): void {
  key.writeUInt16BE(shard, key.length - 8);
  key.writeUIntBE(sequence, key.length - 6, 6);
}

export const sequenceOf = (key: Buffer): number => key.readUIntBE(key.length - 6, 6);

/** Sequence numbers from `from` up to but not including `to`. */
export const recordRange = (stream: string, shard: number, from: number, to: number): KeyRange => ({
  gte: recordKey(stream, shard, Math.min(from, lastSequence)),
  lt: recordKey(stream, shard, Math.min(to, lastSequence)),
});

const lastSequence = 2 ** 48 - 1;

/** A record is stored as its arrival, a double, followed by its data. */
export const recordHeader = 8;

/** Writes a record to the beginning of `buffer`, and returns that part. */
export function writeRecord(buffer: Buffer, arrivalTime: number, data: Uint8Array): Buffer {
  buffer.writeDoubleLE(arrivalTime, 0);
  buffer.set(data, recordHeader);
  return buffer.subarray(0, recordHeader + data.length);
}

export function decodeRecord(shard: string, key: Buffer, value: Buffer): LogRecord {
  const arrivalTime = arrivalOf(value, shard);
  return { shard, sequence: sequenceOf(key), arrivalTime, data: value.subarray(recordHeader) };
}

export function arrivalOf(value: Buffer, shard: string): number {
  if (value.length < recordHeader) {
    throw new StoreError(
      'corrupt',
      `${shard}: a record of ${value.length} bytes. Restore the directory from a copy.`,
    );
  }
  return value.readDoubleLE(0);
}
