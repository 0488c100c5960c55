import type { Value, ValueType } from '../value-type.ts';
import { CorruptBytesError, type Reader, type Writer } from './bytes.ts';

/** How values of one type become bytes and come back. Null is not among them: who can hold one says so itself. */
export interface ValueCodec {
  write(w: Writer, value: NonNullable<Value>): void;
  read(r: Reader): NonNullable<Value>;
  /** Passes over a value, without making it. */
  skip(r: Reader): void;
}

export function valueCodec(type: ValueType): ValueCodec {
  switch (type.kind) {
    case 'string':
      return { write: (w, v) => writeText(w, v as string), read: readText, skip: skipText };
    case 'bool':
      return {
        write: (w, v) => w.byte(v === true ? 1 : 0),
        read: r => r.byte() === 1,
        skip: r => r.advance(1),
      };
    case 'int64':
      return {
        write: (w, v) => w.bigint(v as bigint),
        read: r => r.bigint(),
        skip: r => r.skipBigint(),
      };
    case 'int':
    case 'decimal':
    case 'timestamp':
      return { write: (w, v) => writeSafeInt(w, v as number), read: readSafeInt, skip: skipSafeInt };
    case 'float':
      return {
        write: (w, v) => w.number(v as number),
        read: r => r.number(),
        skip: r => r.skipNumber(),
      };
    case 'list':
      return listCodec(nullable(valueCodec(type.of)));
    case 'struct':
      return structCodec(type.fields.map(f => nullable(valueCodec(f.type))));
    case 'map':
      throw new TypeError('a map is a result, never a stored value');
  }
}

/** An integer from −(2^53 − 1) to 2^53 − 1: the zigzag form ends at 2^52, the few beyond take a long form. */
export function writeSafeInt(w: Writer, x: number): void {
  if (x >= -beyond && x <= beyond) {
    w.int(x);
  } else {
    w.uint(longForm);
    w.double(x);
  }
}

export function readSafeInt(r: Reader): number {
  const x = r.uint();
  if (x === longForm) return r.double();
  return x % 2 === 0 ? x / 2 : -(x + 1) / 2;
}

export function skipSafeInt(r: Reader): void {
  if (r.uint() === longForm) r.advance(8);
}

const beyond = 2 ** 51;
const longForm = 2 ** 53 - 1;

interface NullableCodec {
  write(w: Writer, value: Value): void;
  read(r: Reader): Value;
  skip(r: Reader): void;
}

function nullable(codec: ValueCodec): NullableCodec {
  return {
    write(w, v) {
      if (v === null) {
        w.byte(0);
      } else {
        w.byte(1);
        codec.write(w, v);
      }
    },
    read(r) {
      const present = r.byte();
      if (present > 1) throw new CorruptBytesError(`a null mark of ${present} at byte ${r.at}`);
      return present === 1 ? codec.read(r) : null;
    },
    skip(r) {
      if (r.byte() === 1) codec.skip(r);
    },
  };
}

const listCodec = (of: NullableCodec): ValueCodec => ({
  write(w, v) {
    const list = v as readonly Value[];
    w.uint(list.length);
    for (const item of list) of.write(w, item);
  },
  read(r) {
    const n = r.count();
    const list: Value[] = [];
    for (let i = 0; i < n; i++) list.push(of.read(r));
    return list;
  },
  skip(r) {
    for (let n = r.count(); n > 0; n--) of.skip(r);
  },
});

const structCodec = (fields: readonly NullableCodec[]): ValueCodec => ({
  write(w, v) {
    const values = v as readonly Value[];
    for (let i = 0; i < fields.length; i++) (fields[i] as NullableCodec).write(w, values[i] ?? null);
  },
  read: r => fields.map(f => f.read(r)),
  skip(r) {
    for (const f of fields) f.skip(r);
  },
});

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
  const digits = (header - 3) / 2;
  if (digits > 15) throw new CorruptBytesError(`text of ${digits} digits at byte ${r.at}`);
  return r.uint().toString().padStart(digits, '0');
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
