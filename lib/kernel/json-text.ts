/**
 * JSON text in the making, as UTF-8 in one growing array. A string that is put together of many pieces costs more: each
 * piece is an object, and what is sent is their bytes.
 */
export class JsonText {
  bytes: Uint8Array;
  at = 0;
  readonly #allocate: (size: number) => Uint8Array;

  /** `allocate` gives memory; what is in it does not matter. */
  constructor(allocate = (size: number): Uint8Array => new Uint8Array(size), size = usualBytes) {
    this.#allocate = allocate;
    this.bytes = allocate(size);
  }

  /** Makes room for `extra` more bytes; every method calls it, so that plain stores are enough after. */
  reserve(extra: number): void {
    if (this.at + extra <= this.bytes.length) return;
    const grown = this.#allocate(2 * (this.at + extra));
    grown.set(this.written());
    this.bytes = grown;
  }

  /** Of the text so far. */
  get length(): number {
    return this.at;
  }

  /** The text so far, where it is written: what comes next may change it. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.at);
  }

  /** A copy of the text from `from` to `to`. Not by `slice`, which gives a view where the array is a Buffer. */
  cut(from: number, to = this.at): Uint8Array {
    const copy = this.#allocate(to - from);
    copy.set(this.bytes.subarray(from, to));
    return copy;
  }

  /** Begins another text, in the same memory: the processor has it at hand. What one very long text took is given up. */
  restart(): void {
    this.at = 0;
    if (this.bytes.length > mostKept) this.bytes = this.#allocate(usualBytes);
  }

  byte(code: number): void {
    this.reserve(1);
    this.bytes[this.at++] = code;
  }

  /** Text in ASCII as it stands: punctuation, numbers. */
  ascii(text: string): void {
    this.reserve(text.length);
    const { bytes } = this;
    let { at } = this;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.at = at;
  }

  /** JSON that is there already. */
  raw(json: string): void {
    this.reserve(3 * json.length);
    this.at += encoder.encodeInto(json, this.bytes.subarray(this.at)).written;
  }

  /** The same as bytes. */
  put(json: Uint8Array): void {
    this.reserve(json.length);
    this.bytes.set(json, this.at);
    this.at += json.length;
  }

  /** The text from `from` to `to`, once more. */
  repeat(from: number, to: number): void {
    this.reserve(to - from);
    this.bytes.copyWithin(this.at, from, to);
    this.at += to - from;
  }

  /** A string with its quotes. Ids and names seldom hold what JSON has to escape, and are short. */
  string(text: string): void {
    const { length } = text;
    if (length > 100) {
      this.raw(JSON.stringify(text));
      return;
    }
    this.reserve(length + 2);
    const { bytes } = this;
    let { at } = this;
    bytes[at++] = quote;
    for (let i = 0; i < length; i++) {
      const c = text.charCodeAt(i);
      if (isEscaped(c) || c > 126) {
        this.raw(JSON.stringify(text));
        return;
      }
      bytes[at++] = c;
    }
    bytes[at] = quote;
    this.at = at + 1;
  }

  /**
   * A finite number. Fractions by way of JSON, which gives the same text: `String(x)` keeps number and text in a cache of
   * V8's, where those of thousands of rows only push each other out and have grown old by then, for a full collection to
   * take.
   */
  number(x: number): void {
    if (Number.isSafeInteger(x)) this.integer(x);
    else this.ascii(JSON.stringify(x));
  }

  /** A safe integer. */
  integer(x: number): void {
    this.reserve(17);
    let rest = x;
    if (rest < 0) {
      this.bytes[this.at++] = minus;
      rest = -rest;
    }
    if (rest >= nineDigits) {
      const high = Math.floor(rest / nineDigits);
      this.#digits(high, widthOf(high));
      this.#digits(rest - high * nineDigits, 9);
    } else {
      this.#digits(rest, widthOf(rest));
    }
  }

  /** A whole number from 0 to 2^53, with zeros before it where it has fewer digits. */
  padded(x: number, width: number): void {
    this.reserve(width);
    let rest = x;
    for (let at = this.at + width - 1; at >= this.at; at--) {
      const next = Math.floor(rest / 10);
      this.bytes[at] = zero + rest - 10 * next;
      rest = next;
    }
    this.at += width;
  }

  /** The last `width` digits of an integer below 10^9, which 32 bits hold. */
  #digits(x: number, width: number): void {
    const { bytes } = this;
    let rest = x | 0;
    for (let at = this.at + width - 1; at >= this.at; at--) {
      const next = (rest / 10) | 0;
      bytes[at] = zero + rest - 10 * next;
      rest = next;
    }
    this.at += width;
  }
}

/** Whether JSON has to escape an ASCII character. */
export const isEscaped = (code: number): boolean => code < 0x20 || code === quote || code === 0x5c;

export const quote = 0x22;
export const comma = 0x2c;
const minus = 0x2d;
const zero = 0x30;
const nineDigits = 1_000_000_000;
const usualBytes = 64 * 1024;
const mostKept = 8 << 20;

const encoder = new TextEncoder();

/** How many digits a number below 10^9 has. */
function widthOf(x: number): number {
  let width = 1;
  for (let limit = 10; x >= limit; limit *= 10) width++;
  return width;
}
