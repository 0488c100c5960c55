import type { ScalarValue } from './value-type.ts';

/**
 * The kernel's hash of a value: an integer from 0 to 2^53 − 1, fixed for ever, the same on every platform.
 *
 * Two 32-bit lanes of MurmurHash3_x86_32 (A. Appleby, public domain) with different seeds, of which the upper 53
 * bits are kept. Strings and bigints (their decimal digits) hash as UTF-8, numbers as their eight bytes, little
 * endian, booleans as one byte.
 */
export function hash53(value: ScalarValue): number {
  switch (typeof value) {
    case 'string':
      return hashString(value);
    case 'number':
      return hashNumber(value);
    case 'bigint':
      return hashString(value.toString());
    default:
      return combine(finish(tail(seedA, value ? 1 : 0), 1), finish(tail(seedB, value ? 1 : 0), 1));
  }
}

/** Two hashes into one, the order of the arguments counting. */
export function mixHashes(a: number, b: number): number {
  const low = a >>> 0;
  const high = Math.floor(a / 0x1_0000_0000);
  const lowB = b >>> 0;
  const highB = Math.floor(b / 0x1_0000_0000);
  let x = block(block(block(block(seedA, low), high), lowB), highB);
  let y = block(block(block(block(seedB, low), high), lowB), highB);
  x = finish(x, 16);
  y = finish(y, 16);
  return combine(x, y);
}

/** The hash of a place in a stream, given that of the shard's name. */
export function hashPosition(shardHash: number, sequence: number | bigint, index: number): number {
  const place = typeof sequence === 'number' ? sequence : hash53(sequence);
  const low = place >>> 0;
  const high = Math.floor(place / 0x1_0000_0000);
  const shardLow = shardHash >>> 0;
  const shardHigh = Math.floor(shardHash / 0x1_0000_0000);
  const x = block(block(block(block(block(seedA, shardLow), shardHigh), low), high), index);
  const y = block(block(block(block(block(seedB, shardLow), shardHigh), low), high), index);
  return combine(finish(x, 20), finish(y, 20));
}

const seedA = 0x9747_b28c;
const seedB = 0x3c6e_f372;

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
const encoder = new TextEncoder();

function hashNumber(value: number): number {
  float[0] = value + 0; // −0 is 0
  const low = words[0] as number;
  const high = words[1] as number;
  return combine(finish(block(block(seedA, low), high), 8), finish(block(block(seedB, low), high), 8));
}

function hashString(text: string): number {
  const length = text.length;
  let a = seedA;
  let b = seedB;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    const c0 = text.charCodeAt(i);
    const c1 = text.charCodeAt(i + 1);
    const c2 = text.charCodeAt(i + 2);
    const c3 = text.charCodeAt(i + 3);
    if ((c0 | c1 | c2 | c3) > 127) return hashBytes(encoder.encode(text));
    const word = c0 | (c1 << 8) | (c2 << 16) | (c3 << 24);
    a = block(a, word);
    b = block(b, word);
  }
  let rest = 0;
  for (let shift = 0; i < length; i++, shift += 8) {
    const c = text.charCodeAt(i);
    if (c > 127) return hashBytes(encoder.encode(text));
    rest |= c << shift;
  }
  if ((length & 3) !== 0) {
    a = tail(a, rest);
    b = tail(b, rest);
  }
  return combine(finish(a, length), finish(b, length));
}

function hashBytes(bytes: Uint8Array): number {
  const length = bytes.length;
  let a = seedA;
  let b = seedB;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    const word =
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24);
    a = block(a, word);
    b = block(b, word);
  }
  let rest = 0;
  for (let shift = 0; i < length; i++, shift += 8) rest |= (bytes[i] as number) << shift;
  if ((length & 3) !== 0) {
    a = tail(a, rest);
    b = tail(b, rest);
  }
  return combine(finish(a, length), finish(b, length));
}

function block(h: number, word: number): number {
  const x = tail(h, word);
  return (Math.imul((x << 13) | (x >>> 19), 5) + 0xe654_6b64) | 0;
}

function tail(h: number, word: number): number {
  let k = Math.imul(word, 0xcc9e_2d51);
  k = (k << 15) | (k >>> 17);
  return h ^ Math.imul(k, 0x1b87_3593);
}

function finish(h: number, length: number): number {
  let x = h ^ length;
  x = Math.imul(x ^ (x >>> 16), 0x85eb_ca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

const combine = (high: number, low: number): number => high * 0x20_0000 + (low >>> 11);
