import { isEscaped, type JsonText, quote } from '../json-text.ts';
import { CorruptBytesError, type Reader, type Writer } from './bytes.ts';

/**
 * Text, with two shorter forms for what ids are usually made of: decimal digits (as an integer) and UUIDs in lower
 * case (16 bytes). The first varint says which: even, 2 × the byte length of plain UTF-8; 1, a UUID; other odd
 * ones, digits: (x − 3) / 2 of them, then the integer.
 */
export function writeText(w: Writer, text: string): void {
  const length = text.length;
  if (length >= 4 && length <= 15 && isDigits(text)) {
    w.uint(length * 2 + 3);
    w.uint(Number(text));
  } else if (length === 36 && uuid.test(text)) {
    w.uint(1);
    for (let i = 0; i < 36; i += 2) {
      if (i === 8 || i === 13 || i === 18 || i === 23) i++;
      w.byte(Number.parseInt(text.slice(i, i + 2), 16));
    }
  } else {
    w.plainText(text);
  }
}

export function readText(r: Reader): string {
  const header = r.uint();
  if (header % 2 === 0) return r.utf8(header / 2);
  if (header === 1) {
    let hex = '';
    for (const b of r.raw(16)) hex += hexBytes[b];
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }
  const digits = digitsOf(header, r);
  return r.uint().toString().padStart(digits, '0');
}

/** Of plain text each byte is looked at, for not all bytes are UTF-8. */
export function checkText(r: Reader): void {
  const header = r.uint();
  if (header % 2 === 0) {
    const { bytes, at } = r;
    const length = header / 2;
    const end = at + length;
    if (end <= r.end) {
      let i = at;
      while (i < end && (bytes[i] as number) < 128) i++;
      if (i === end) {
        r.at = end;
        return;
      }
    }
    r.utf8(length);
  } else if (header === 1) {
    r.raw(16);
  } else {
    digitsOf(header, r);
    r.uint();
  }
}

/** Reads a text and writes it in JSON: its bytes, where none of them has to be escaped. */
export function writeTextJson(r: Reader, out: JsonText): void {
  const from = r.at;
  const header = r.uint();
  if (header % 2 === 0) {
    const { bytes: source, at: begin } = r;
    const length = header / 2;
    const end = begin + length;
    if (end <= r.end) {
      out.reserve(length + 2);
      const { bytes } = out;
      let at = out.at;
      bytes[at++] = quote;
      let i = begin;
      for (; i < end; i++) {
        const c = source[i] as number;
        if (c > 126 || isEscaped(c)) break;
        bytes[at++] = c;
      }
      if (i === end) {
        bytes[at] = quote;
        out.at = at + 1;
        r.at = end;
        return;
      }
    }
  } else if (header !== 1) {
    const digits = digitsOf(header, r);
    const x = r.uint();
    out.byte(quote);
    out.padded(x, digits);
    out.byte(quote);
    return;
  }
  r.at = from;
  out.string(readText(r));
}

function digitsOf(header: number, r: Reader): number {
  const digits = (header - 3) / 2;
  if (digits > 15) throw new CorruptBytesError(`text of ${digits} digits at byte ${r.at}`);
  return digits;
}

export function skipText(r: Reader): void {
  const header = r.uint();
  if (header % 2 === 0) r.advance(header / 2);
  else if (header === 1) r.advance(16);
  else r.skipUint();
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const hexBytes = Array.from({ length: 256 }, (_, b) => b.toString(16).padStart(2, '0'));

function isDigits(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 48 || c > 57) return false;
  }
  return true;
}
