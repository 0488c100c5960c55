import { Source } from '../generate.ts';
import type { JsonText } from '../json-text.ts';
import type { Value, ValueType } from '../value-type.ts';
import { CorruptBytesError, type Reader, type Writer } from './bytes.ts';
import { checkText, readText, skipText, writeText, writeTextJson } from './text.ts';

/** How values of one type become bytes and come back. Null is not among them: who can hold one says so itself. */
export interface ValueCodec {
  write(w: Writer, value: NonNullable<Value>): void;
  read(r: Reader): NonNullable<Value>;
  /** Passes over a value, without making it. */
  skip(r: Reader): void;
  /** Passes over a value, and throws where `read` would. */
  check(r: Reader): void;
  /** Reads a value and writes its JSON (service/value-json.ts), without making the value. */
  writeJson(r: Reader, out: JsonText): void;
}

export function valueCodec(type: ValueType): ValueCodec {
  switch (type.kind) {
    case 'string':
      return {
        write: (w, v) => writeText(w, v as string),
        read: readText,
        skip: skipText,
        check: checkText,
        writeJson: writeTextJson,
      };
    case 'bool':
      return {
        write: (w, v) => w.byte(v === true ? 1 : 0),
        read: r => r.byte() === 1,
        check: r => void r.byte(),
        writeJson: (r, out) => out.ascii(r.byte() === 1 ? 'true' : 'false'),
        skip: r => r.advance(1),
      };
    case 'int64':
      return {
        write: (w, v) => w.bigint(v as bigint),
        read: r => r.bigint(),
        check: r => void r.bigint(),
        writeJson: (r, out) => out.ascii(`"${r.bigint()}"`),
        skip: r => r.skipBigint(),
      };
    case 'int':
    case 'timestamp':
      return { ...safeInt, writeJson: (r, out) => out.integer(readSafeInt(r)) };
    case 'decimal': {
      const unit = 10 ** type.scale;
      return { ...safeInt, writeJson: (r, out) => out.number(readSafeInt(r) / unit) };
    }
    case 'float':
      return {
        write: (w, v) => w.number(v as number),
        read: r => r.number(),
        check: r => void r.number(),
        writeJson: (r, out) => out.number(r.number()),
        skip: r => r.skipNumber(),
      };
    case 'list':
      return listCodec(nullable(valueCodec(type.of)));
    case 'struct':
      return structCodec(
        type.fields.map(f => nullable(valueCodec(f.type))),
        type.fields.map(f => f.name),
      );
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

const safeInt = {
  write: (w: Writer, v: NonNullable<Value>) => writeSafeInt(w, v as number),
  read: readSafeInt,
  skip: skipSafeInt,
  check: (r: Reader) => void readSafeInt(r),
};

export function skipSafeInt(r: Reader): void {
  if (r.uint() === longForm) r.advance(8);
}

const beyond = 2 ** 51;
const longForm = 2 ** 53 - 1;

interface NullableCodec {
  write(w: Writer, value: Value): void;
  read(r: Reader): Value;
  skip(r: Reader): void;
  check(r: Reader): void;
  writeJson(r: Reader, out: JsonText): void;
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
    read: r => (isPresent(r) ? codec.read(r) : null),
    check(r) {
      if (isPresent(r)) codec.check(r);
    },
    writeJson(r, out) {
      if (isPresent(r)) codec.writeJson(r, out);
      else out.ascii('null');
    },
    skip(r) {
      if (r.byte() === 1) codec.skip(r);
    },
  };
}

function isPresent(r: Reader): boolean {
  const mark = r.byte();
  if (mark > 1) throw new CorruptBytesError(`a null mark of ${mark} at byte ${r.at}`);
  return mark === 1;
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
  check(r) {
    for (let n = r.count(); n > 0; n--) of.check(r);
  },
  writeJson(r, out) {
    const n = r.count();
    out.ascii('[');
    for (let i = 0; i < n; i++) {
      if (i > 0) out.ascii(',');
      of.writeJson(r, out);
    }
    out.ascii(']');
  },
});

function structCodec(fields: readonly NullableCodec[], names: readonly string[]): ValueCodec {
  return {
    write(w, v) {
      const values = v as readonly Value[];
      for (let i = 0; i < fields.length; i++) (fields[i] as NullableCodec).write(w, values[i] ?? null);
    },
    read: r => fields.map(f => f.read(r)),
    skip(r) {
      for (const f of fields) f.skip(r);
    },
    ...compileStruct(fields, names),
  };
}

/** A straight line per field: sequences are lists of structs, and a call to one known codec can be inlined. */
function compileStruct(fields: readonly NullableCodec[], names: readonly string[]) {
  const check = new Source();
  const json = new Source();
  for (const [i, field] of fields.entries()) {
    const before = `${i === 0 ? '{' : ','}${JSON.stringify(names[i])}:`;
    check.line(`${check.constant(field)}.check(r);`);
    json.line(`out.${isAscii(before) ? 'ascii' : 'raw'}(${json.constant(before)});`);
    json.line(`${json.constant(field)}.writeJson(r, out);`);
  }
  json.line(`out.ascii('}');`);
  return {
    check: check.compile(['r']) as ValueCodec['check'],
    writeJson: json.compile(['r', 'out']) as ValueCodec['writeJson'],
  };
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}
