import { type Reader, Writer } from '../codec/bytes.ts';
import { type ValueCodec, valueCodec } from '../codec/values.ts';
import type { ScalarValue, ValueType } from '../value-type.ts';
import type { Refolded } from './aggregator.ts';

/** How payloads of a bounded map are changed while they are bytes. */
export interface PayloadFold {
  skip(r: Reader): void;
  /** Reads a payload and writes what an event makes of it. Null where an event changes none that is there. */
  readonly change: ((r: Reader, w: Writer) => void) | null;
  /** Writes what an event makes of none. */
  begin(w: Writer): void;
}

/**
 * Folds an event's key into an encoded bounded map (distinct.ts): most maps of a tile have few keys, and to look through
 * their bytes is cheaper than to make them and to write them again.
 */
export function boundedRefold(
  key: ValueType,
  limit: number,
): (r: Reader, w: Writer, key: ScalarValue, payload: PayloadFold) => Refolded {
  const codec: ValueCodec = valueCodec(key);
  // Of −0 and 0, which are one key, the bytes differ.
  if (key.kind === 'float') return () => 'open';
  return (r, w, value, payload) => {
    const { bytes, at: from, end } = r;
    wanted.restart();
    codec.write(wanted, value);
    const header = r.uint();
    const count = Math.floor(header / 2);
    const first = r.at;
    for (let i = 0; i < count; i++) {
      const at = r.at;
      codec.skip(r);
      if (isWanted(bytes, at, r.at)) {
        if (payload.change === null) return 'same';
        w.copy(bytes, from, r.at);
        payload.change(r, w);
        w.copy(bytes, r.at, end);
        return 'written';
      }
      payload.skip(r);
    }
    if (count >= limit) return 'open';
    w.uint(header + 2);
    w.copy(bytes, first, end);
    w.copy(wanted.bytes, 0, wanted.at);
    payload.begin(w);
    return 'written';
  };
}

/** The bytes of the key that is looked for. */
const wanted = new Writer();

function isWanted(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from !== wanted.at) return false;
  for (let i = from; i < to; i++) if (bytes[i] !== wanted.bytes[i - from]) return false;
  return true;
}
