import { MillraceError } from '../errors.ts';
import { knownText, longestKnown } from './known-texts.ts';

/** The state codec's alphabet: unsigned and signed varints (LEB128, up to 2^53), wide integers, doubles, text. */
export class Writer {
  /** Where slabs come from: memory of another kind is for who must show it to other threads. */
  allocate: (size: number) => Uint8Array = size => new Uint8Array(size);
  bytes: Uint8Array = new Uint8Array(4096);
  at = 0;
  /** Where the present piece began; what lies before was handed out by `share`. */
  #start = 0;
  #view = new DataView(this.bytes.buffer);

  /** Drops what was written since the last piece was taken: an encoding that threw leaves nothing behind. */
  restart(): void {
    this.at = this.#start;
  }

  /** Makes room for `extra` more bytes; every method below calls it, so that plain stores are enough after. */
  reserve(extra: number): void {
    if (this.at + extra > this.bytes.length) {
      const written = this.at - this.#start;
      const size = this.#start > 0 ? slabBytes : this.bytes.length;
      const grown = this.allocate(Math.max(size, (written + extra) * 2));
      grown.set(this.bytes.subarray(this.#start, this.at));
      this.bytes = grown;
      this.#view = new DataView(grown.buffer);
      this.#start = 0;
      this.at = written;
    }
  }

  /** Bytes written since the last piece was taken. */
  get length(): number {
    return this.at - this.#start;
  }

  byte(x: number): void {
    this.reserve(1);
    this.bytes[this.at++] = x;
  }

  /** An integer from 0 to 2^53 − 1. */
  uint(x: number): void {
    this.reserve(8);
    while (x >= 0x8000_0000) {
      this.bytes[this.at++] = (x % 128) | 128;
      x = Math.floor(x / 128);
    }
    while (x > 127) {
      this.bytes[this.at++] = (x & 127) | 128;
      x >>>= 7;
    }
    this.bytes[this.at++] = x;
  }

  /** An integer from −2^52 to 2^52, zigzag. */
  int(x: number): void {
    this.uint(x < 0 ? -x * 2 - 1 : x * 2);
  }

  /** A double in eight bytes, little endian. */
  double(x: number): void {
    this.reserve(8);
    this.#view.setFloat64(this.at, x, true);
    this.at += 8;
  }

  /** A double that is often a small integer: even varints are zigzag integers, the byte 1 announces eight bytes. */
  number(x: number): void {
    if (x === (x | 0) && !(x === 0 && 1 / x < 0)) {
      this.uint((x < 0 ? -x * 2 - 1 : x * 2) * 2);
    } else {
      this.byte(1);
      this.double(x);
    }
  }

  /** A signed integer of any width: its byte count and sign, then its magnitude, little endian. */
  bigint(x: bigint): void {
    const negative = x < 0n;
    let rest = negative ? -x : x;
    const magnitude: number[] = [];
    while (rest > 0n) {
      magnitude.push(Number(rest & 255n));
      rest >>= 8n;
    }
    this.uint(magnitude.length * 2 + (negative ? 1 : 0));
    for (const b of magnitude) this.byte(b);
  }

  /** UTF-8, twice its length in bytes before it (values.ts gives odd headers other meanings). */
  plainText(text: string): void {
    const length = text.length;
    this.reserve(length * 3 + 8);
    // ASCII, the usual case, is written in place; anything else starts over through the encoder.
    if (length < 64) {
      const bytes = this.bytes;
      let at = this.at;
      bytes[at++] = length * 2;
      let i = 0;
      for (; i < length; i++) {
        const c = text.charCodeAt(i);
        if (c > 127) break;
        bytes[at++] = c;
      }
      if (i === length) {
        this.at = at;
        return;
      }
    }
    const encoded = encoder.encode(text);
    this.uint(encoded.length * 2);
    this.raw(encoded);
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** The bytes of others from `from` to `to`. Short pieces are sooner copied than a view of them is made. */
  copy(source: Uint8Array, from: number, to: number): void {
    this.reserve(to - from);
    const { bytes } = this;
    let { at } = this;
    if (to - from > longestLoop) {
      bytes.set(source.subarray(from, to), at);
      at += to - from;
    } else {
      for (let i = from; i < to; i++) bytes[at++] = source[i] as number;
    }
    this.at = at;
  }

  /** Begins what its own length precedes; `closeLength` takes what this gives. */
  openLength(): number {
    this.byte(0);
    return this.length;
  }

  closeLength(opened: number): void {
    const length = this.length - opened;
    if (length < 128) {
      this.bytes[this.#start + opened - 1] = length;
      return;
    }
    // One byte was left for it: what follows makes room for the others.
    const more = length < 2 ** 14 ? 1 : length < 2 ** 21 ? 2 : 3;
    this.reserve(more + 8);
    const from = this.#start + opened;
    const end = this.at + more;
    this.bytes.copyWithin(from + more, from, this.at);
    this.at = from - 1;
    this.uint(length);
    this.at = end;
  }

  /** What was written since the last piece was taken, as bytes of their own. */
  finish(): Uint8Array {
    const out = this.bytes.slice(this.#start, this.at);
    this.at = this.#start;
    return out;
  }

  /** Where it is: as `share`, and without a view, which costs more than a few bytes are worth. */
  piece(edition: number): Piece {
    const from = this.#start;
    this.#start = this.at;
    return new Piece(this.bytes, from, this.at, edition);
  }

  /**
   * The same without a copy: a view of a slab that many pieces share and that no one writes to again. A small array of
   * its own costs more than encoding a row.
   */
  share(): Uint8Array {
    const out = this.bytes.subarray(this.#start, this.at);
    this.#start = this.at;
    return out;
  }
}

/** A piece of bytes. A class, so that one is known from whatever else may stand in its place. */
export class Piece {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
  /** How often it was written anew. */
  readonly edition: number;

  /** As long as there is one, V8 keeps the shape, and what it compiled for it, between two batches. */
  static readonly kept = new Piece(new Uint8Array(), 0, 0, 0);

  constructor(bytes: Uint8Array, from: number, to: number, edition: number) {
    this.bytes = bytes;
    this.from = from;
    this.to = to;
    this.edition = edition;
  }
}

const slabBytes = 256 * 1024;
const longestLoop = 96;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes ended early or make no sense: the row is corrupt. */
export class CorruptBytesError extends MillraceError {
  override readonly name = 'CorruptBytesError';
}

export class Reader {
  bytes: Uint8Array;
  at: number;
  end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** Makes this reader read other bytes. */
  reset(bytes: Uint8Array, at = 0, end = bytes.length): void {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  byte(): number {
    if (this.at >= this.end) throw truncated(this);
    return this.bytes[this.at++] as number;
  }

  uint(): number {
    const at = this.at;
    if (at >= this.end) throw truncated(this);
    const first = this.bytes[at] as number;
    if (first > 127) return this.#longUint(first & 127);
    this.at = at + 1;
    return first;
  }

  /** Apart, so that the usual short one can be inlined; and the usual long ones in 32 bits. */
  #longUint(low: number): number {
    const bytes = this.bytes;
    const at = this.at;
    let x = low;
    let scale = 128;
    if (at + 4 <= this.end) {
      const second = bytes[at + 1] as number;
      x |= (second & 127) << 7;
      if (second < 128) {
        this.at = at + 2;
        return x;
      }
      const third = bytes[at + 2] as number;
      x |= (third & 127) << 14;
      if (third < 128) {
        this.at = at + 3;
        return x;
      }
      const fourth = bytes[at + 3] as number;
      x |= (fourth & 127) << 21;
      this.at = at + 4;
      if (fourth < 128) return x;
      scale = 2 ** 28;
    } else {
      this.at = at + 1;
    }
    for (;;) {
      const b = this.byte();
      if (b < 128) {
        x += b * scale;
        if (x > Number.MAX_SAFE_INTEGER) throw new CorruptBytesError(`varint past 2^53 at byte ${this.at}`);
        return x;
      }
      x += (b & 127) * scale;
      scale *= 128;
      if (scale > 2 ** 53) throw new CorruptBytesError(`varint too long at byte ${this.at}`);
    }
  }

  /** A count of things that take at least one byte each, so that corrupt bytes cannot ask for endless memory. */
  count(): number {
    const n = this.uint();
    if (n > this.end - this.at) throw truncated(this);
    return n;
  }

  int(): number {
    const x = this.uint();
    return x % 2 === 0 ? x / 2 : -(x + 1) / 2;
  }

  double(): number {
    if (this.at + 8 > this.end) throw truncated(this);
    const { bytes, at } = this;
    scratchWords[0] = wordAt(bytes, at);
    scratchWords[1] = wordAt(bytes, at + 4);
    this.at = at + 8;
    return scratch[0] as number;
  }

  number(): number {
    const x = this.uint();
    if (x === 1) return this.double();
    if (x % 2 !== 0) throw new CorruptBytesError(`unknown number form ${x} at byte ${this.at}`);
    const zigzag = x / 2;
    return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  }

  bigint(): bigint {
    const header = this.uint();
    const length = Math.floor(header / 2);
    // Sums and sequence numbers take a few words; shifting in a corrupt length byte by byte would take for ever.
    if (length > 64) throw new CorruptBytesError(`integer of ${length} bytes at byte ${this.at}`);
    if (this.at + length > this.end) throw truncated(this);
    let x = 0n;
    for (let i = length - 1; i >= 0; i--) x = (x << 8n) | BigInt(this.bytes[this.at + i] as number);
    this.at += length;
    return header % 2 === 1 ? -x : x;
  }

  /** Passes over `length` bytes. */
  advance(length: number): void {
    if (length > this.end - this.at) throw truncated(this);
    this.at += length;
  }

  /** Passes over bytes that their length precedes. */
  skipSized(): void {
    this.advance(this.uint());
  }

  /** Reads the length of what follows; gives where that ends. */
  sizedEnd(): number {
    const length = this.uint();
    if (length > this.end - this.at) throw truncated(this);
    return this.at + length;
  }

  /** Passes over a varint. */
  skipUint(): void {
    const { bytes, end } = this;
    let at = this.at;
    while (at < end && (bytes[at] as number) > 127) at++;
    if (at >= end) throw truncated(this);
    this.at = at + 1;
  }

  /** Passes over a `number`. */
  skipNumber(): void {
    if (this.uint() === 1) this.advance(8);
  }

  /** Passes over a `bigint`. */
  skipBigint(): void {
    this.advance(Math.floor(this.uint() / 2));
  }

  /** The text that stands in the next `length` bytes. */
  utf8(length: number): string {
    const from = this.at;
    const to = from + length;
    if (to > this.end) throw truncated(this);
    this.at = to;
    if (length <= longestKnown) {
      const text = knownText(this.bytes, from, length);
      if (text !== null) return text;
    }
    try {
      return decoder.decode(this.bytes.subarray(from, to));
    } catch (cause) {
      throw new CorruptBytesError(`text that is not UTF-8 at byte ${from}`, { cause });
    }
  }

  raw(length: number): Uint8Array {
    if (this.at + length > this.end) throw truncated(this);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}

const scratch = new Float64Array(1);
const scratchWords = new Int32Array(scratch.buffer);

/** Four bytes, little endian, as the machines that run this are. */
const wordAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);

const truncated = (r: Reader): CorruptBytesError =>
  new CorruptBytesError(`bytes end at ${r.end}, more were expected after ${r.at}`);
