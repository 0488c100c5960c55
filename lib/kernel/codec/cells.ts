import { Source } from '../generate.ts';
import { CorruptBytesError, type Reader, type Writer } from './bytes.ts';
import { readSafeInt, writeSafeInt } from './values.ts';

/**
 * How a numeric partial is written, cell by cell. `count`: a varint; those from 2^53 − 1 on are written alike, and read
 * as one that is beyond. `int`: zigzag, to 2^52. `safe-int`: zigzag, with a long form for the few beyond 2^51. `number`:
 * a double that is often a small integer. `wide`: two cells, the integer high × 2^52 + low.
 */
export type CellForm = 'count' | 'int' | 'safe-int' | 'number' | 'wide';

export interface CellCodec {
  readonly forms: readonly CellForm[];
  encode(w: Writer, cells: readonly number[], at: number): void;
  /** Puts the partial's cells at `at`. */
  decode(r: Reader, cells: number[], at: number): void;
  /** Passes over an encoded partial. */
  skip(r: Reader): void;
}

export function cellCodec(...forms: CellForm[]): CellCodec {
  const encode = new Source();
  encode.line(beginWriting);
  encode.line(reserve(forms));
  emitWriteCells(encode, forms, 'from');
  encode.line('w.at = at;');
  const decode = new Source();
  decode.line(beginReading);
  emitReadCells(decode, forms, 'to');
  decode.line(endReading);
  const skip = new Source();
  skip.line(beginReading);
  emitSkipCells(skip, forms);
  skip.line(endReading);
  return {
    forms,
    encode: encode.compile(['w', 'cells', 'from']) as CellCodec['encode'],
    decode: decode.compile(['r', 'cells', 'to']) as CellCodec['decode'],
    skip: skip.compile(['r']) as CellCodec['skip'],
  };
}

/*
 * Source for programs in which most numbers take no call, for most are a byte or two. What reads has `r`, its `bytes`,
 * where it is in `at`, and `x` and `y` to calculate with; what writes has `w`, its bytes as `out`, `at`, `x` and `v`. Calls
 * are told where it is, and asked afterwards. Past the end there is undefined, which no comparison takes for a byte:
 * a call says so, or what ends the reading.
 */

export const beginReading = 'const bytes = r.bytes; let at = r.at, x = 0, y = 0;';
export const endReading = 'if (at > r.end) r.advance(at); r.at = at;';
export const beginWriting = 'let out = w.bytes, at = w.at, x = 0, v = 0;';

/** Reads a varint into a variable. */
export const readUint = (into: string): string =>
  `if ((${into} = bytes[at]) < 128) at++; else { r.at = at; ${into} = r.uint(); at = r.at; }`;

export const skipUint = 'while (bytes[at++] > 127);';

/** Writes a varint, for which there has to be room. */
export const writeUint = (value: string): string =>
  `if ((x = ${value}) < 128) out[at++] = x; else { w.at = at; w.uint(x); at = w.at; out = w.bytes; }`;

/** Makes room for such cells, and `more` bytes. */
export const reserve = (forms: readonly CellForm[], more = 0): string =>
  `w.at = at; w.reserve(${forms.length * 10 + more}); at = w.at; out = w.bytes;`;

/** Puts what comes next into the cells from `to` on. */
export function emitReadCells(source: Source, forms: readonly CellForm[], to: string): void {
  for (const [form, cell] of placed(forms, to)) {
    const { take, rest } = readings[form];
    if (rest !== undefined) source.line('y = at;');
    source.line(readUint('x'));
    source.line(take(cell, `{ r.at = y; ${source.constant(rest)}(r, cells, ${cell}); at = r.at; }`));
  }
}

export function emitSkipCells(source: Source, forms: readonly CellForm[]): void {
  for (const form of forms) {
    if (form === 'count' || form === 'int') {
      source.line(skipUint);
      continue;
    }
    source.line(readUint('x'));
    if (form === 'number') source.line('if (x === 1) at += 8;');
    else if (form === 'safe-int') source.line(`if (x === ${longForm}) at += 8;`);
    else source.line('if (x === 1) { r.at = at; r.skipBigint(); at = r.at; }');
  }
}

/** Writes the cells from `from` on, for which there has to be room. */
export function emitWriteCells(source: Source, forms: readonly CellForm[], from: string): void {
  for (const [form, cell] of placed(forms, from)) {
    const { isShort, short, write } = writings[form];
    source.line(`v = cells[${cell}];`);
    const rest = `{ w.at = at; ${source.constant(write)}(w, cells, ${cell}); at = w.at; out = w.bytes; }`;
    source.line(`if (${isShort(cell)}) out[at++] = ${short}; else ${rest}`);
  }
}

function placed(forms: readonly CellForm[], base: string): [form: CellForm, cell: string][] {
  let offset = 0;
  return forms.map(form => {
    const cell = `${base} + ${offset}`;
    offset += form === 'wide' ? 2 : 1;
    return [form, cell];
  });
}

const zigzagOf = (x: string): string =>
  `(${x} <= 0x7fffffff ? (${x} >>> 1) ^ -(${x} & 1) : ${x} % 2 === 0 ? ${x} / 2 : -(${x} + 1) / 2)`;

const longForm = 2 ** 53 - 1;
const shortest = 2 ** 50;

/** What to do with the varint `x` that was read for the cell at `at`; `rest` reads again what says that it is more. */
const readings: Record<
  CellForm,
  {
    take(at: string, rest: string): string;
    rest?(r: Reader, cells: number[], at: number): void;
  }
> = {
  count: { take: at => `cells[${at}] = x === ${longForm} ? x + 1 : x;` },
  int: { take: at => `cells[${at}] = ${zigzagOf('x')};` },
  'safe-int': {
    take: (at, rest) => `if (x !== ${longForm}) cells[${at}] = ${zigzagOf('x')}; else ${rest}`,
    rest(r, cells, at) {
      cells[at] = readSafeInt(r);
    },
  },
  number: {
    take: (at, rest) => `if (x % 2 === 0) { x /= 2; cells[${at}] = ${zigzagOf('x')}; } else ${rest}`,
    rest(r, cells, at) {
      cells[at] = r.number();
    },
  },
  wide: {
    take: (at, rest) =>
      `if (x % 2 === 0) { x /= 2; cells[${at}] = ${zigzagOf('x')}; cells[${at} + 1] = 0; } else ${rest}`,
    rest: readWide,
  },
};

/** Of the value `v`: when it is one byte, which, and how it is written otherwise. */
const writings: Record<
  CellForm,
  {
    isShort(cell: string): string;
    readonly short: string;
    write(w: Writer, cells: readonly number[], at: number): void;
  }
> = {
  count: {
    isShort: () => 'v < 128',
    short: 'v',
    write: (w, cells, at) => w.uint(Math.min(cells[at] as number, longForm)),
  },
  int: {
    isShort: () => 'v >= 0 && v < 64',
    short: 'v * 2',
    write: (w, cells, at) => w.int(cells[at] as number),
  },
  'safe-int': {
    isShort: () => 'v >= 0 && v < 64',
    short: 'v * 2',
    write: (w, cells, at) => writeSafeInt(w, cells[at] as number),
  },
  number: {
    // −0 is told from 0.
    isShort: () => 'v >= 0 && v < 32 && v === (v | 0) && (v !== 0 || 1 / v > 0)',
    short: 'v * 4',
    write: (w, cells, at) => w.number(cells[at] as number),
  },
  wide: {
    isShort: cell => `v >= 0 && v < 32 && cells[${cell} + 1] === 0`,
    short: 'v * 4',
    write: writeWide,
  },
};

function readWide(r: Reader, cells: number[], at: number): void {
  const head = r.uint();
  if (head !== 1) throw new CorruptBytesError(`unknown sum form ${head} at byte ${r.at}`);
  const total = r.bigint();
  const high = total / bigUnit;
  cells[at] = Number(total - high * bigUnit);
  cells[at + 1] = Number(high);
}

function writeWide(w: Writer, cells: readonly number[], at: number): void {
  const low = cells[at] as number;
  const high = cells[at + 1] as number;
  if (high === 0 && low > -shortest && low < shortest) {
    w.uint((low < 0 ? -low * 2 - 1 : low * 2) * 2);
  } else {
    w.uint(1);
    w.bigint(wideInteger(low, high));
  }
}

const bigUnit = 2n ** 52n;

/** The exact integer in the pair (low, high). */
export const wideInteger = (low: number, high: number): bigint => BigInt(high) * bigUnit + BigInt(low);
