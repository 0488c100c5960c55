import { StoreError } from '../../runtime/errors.ts';
import type { QuarantinedEvent } from '../../runtime/ports.ts';

/** An event that is kept beside the log, with what is to be known of it. */
type KeptEvent = Pick<QuarantinedEvent, 'position' | 'payload'>;

/** The length of what follows as JSON (4 bytes), that JSON, the payload. */
export function encodeKept({ payload, position, ...event }: KeptEvent): Buffer {
  const { shard, index, sequence } = position;
  const big = typeof sequence === 'bigint';
  const text = Buffer.from(
    JSON.stringify({ ...event, position: { shard, sequence: sequence.toString(), big, index } }),
  );
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text, payload]);
}

/** Throws StoreError, naming `where`, for bytes that encodeKept did not make. */
export function decodeKept<E extends KeptEvent>(where: string, value: Buffer): E {
  try {
    const start = 4 + value.readUInt32LE(0);
    const { position, ...rest } = JSON.parse(value.toString('utf8', 4, start));
    const { shard, sequence, big, index } = position;
    return {
      ...rest,
      position: { shard, sequence: big ? BigInt(sequence) : Number(sequence), index },
      payload: value.subarray(start),
    };
  } catch (cause) {
    throw new StoreError('corrupt', `${where}: an entry cannot be read. Restore the directory from a copy.`, {
      cause,
    });
  }
}
