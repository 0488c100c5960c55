import { isUtf8 } from 'node:buffer';
import type { Position } from '../../kernel/position.ts';
import { StoreError } from '../../runtime/errors.ts';
import { sortableDigits } from '../sortable-digits.ts';

/** An event that was set aside, for whatever reason. */
interface SetAside {
  readonly position: Position;
  readonly payload: Uint8Array;
}

/**
 * An entry as JSON that people and query engines can read: the payload is text where it is UTF-8, and base64 where it
 * is not; a sequence number is a number or, where it is a bigint, text.
 */
export function encodeEntry({ position, payload, ...rest }: SetAside): string {
  const { shard, sequence, index } = position;
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  return JSON.stringify({
    ...rest,
    position: { shard, sequence: typeof sequence === 'bigint' ? sequence.toString() : sequence, index },
    ...(isUtf8(bytes) ? { payload: bytes.toString('utf8') } : { payloadBase64: bytes.toString('base64') }),
  });
}

/** Throws StoreError('corrupt') where the text is not what `encodeEntry` writes. */
export function decodeEntry<Entry extends SetAside>(key: string, text: string): Entry {
  try {
    const { position, payload, payloadBase64, ...rest } = JSON.parse(text);
    const { shard, sequence, index } = position;
    return {
      ...rest,
      position: { shard, sequence: typeof sequence === 'string' ? BigInt(sequence) : sequence, index },
      payload: payload === undefined ? Buffer.from(payloadBase64, 'base64') : Buffer.from(payload, 'utf8'),
    };
  } catch (cause) {
    throw new StoreError('corrupt', `S3: the object ${key} cannot be read: restore it, or delete it`, {
      cause,
    });
  }
}

/** A part of a key: a name as it is where it is plain, else percent-encoded. No slash is in it. */
export const keyPart = (name: string): string =>
  encodeURIComponent(name.toWellFormed()).replaceAll('%40', '@').replaceAll('~', '%7E');

/** Sorts within a shard as positions do. */
export const positionPart = ({ sequence, index }: Position): string =>
  `${sortableDigits(sequence)}-${sortableDigits(index)}`;
