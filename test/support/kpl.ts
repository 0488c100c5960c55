import { createHash } from 'node:crypto';

/** What the Kinesis Producer Library writes around records, by its aggregation-format.md. */

export interface KplRecord {
  readonly data: Uint8Array;
  readonly key?: string;
  readonly hashKey?: string;
}

export function aggregate(records: readonly KplRecord[]): Buffer {
  const keys = [...new Set(records.map(r => r.key ?? 'k'))];
  const hashKeys = [...new Set(records.flatMap(r => r.hashKey ?? []))];
  return framed(
    Buffer.concat([
      ...keys.map(key => field(1, Buffer.from(key))),
      ...hashKeys.map(key => field(2, Buffer.from(key))),
      ...records.map(({ data, key = 'k', hashKey }) =>
        field(
          3,
          Buffer.concat([
            Buffer.of(1 << 3),
            varint(keys.indexOf(key)),
            ...(hashKey === undefined ? [] : [Buffer.of(2 << 3), varint(hashKeys.indexOf(hashKey))]),
            field(3, data),
          ]),
        ),
      ),
    ]),
  );
}

/** A message, whatever it is, between the magic bytes and its checksum. */
export const framed = (message: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(0xf3, 0x89, 0x9a, 0xc2), message, createHash('md5').update(message).digest()]);

/** A length-delimited field. */
export const field = (number: number, value: Uint8Array): Buffer =>
  Buffer.concat([varint(number * 8 + 2), varint(value.length), value]);

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}
