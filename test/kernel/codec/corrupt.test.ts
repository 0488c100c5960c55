import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { readText } from '../../../lib/kernel/codec/text.ts';
import {
  CorruptBytesError,
  compileDecoder,
  compileGroup,
  decodeRow,
  encodeRow,
  NewerCodecError,
  newestOf,
  openRow,
  Reader,
  type Row,
  type StreamEvent,
  Writer,
} from '../../../lib/kernel/index.ts';
import { goldenNames, readGolden } from '../golden/golden.ts';

const rows = goldenNames().map(name => {
  const golden = readGolden(name);
  const kernel = compileGroup({ streams: [golden.stream] }, golden.group);
  const decode = compileDecoder(golden.stream);
  const newest = Math.max(0, ...golden.events.map(e => e.ts as number));
  return {
    name,
    kernel,
    // The last events once more, and after the newest: they touch some of a row's parts and leave others as they are.
    events: golden.events
      .slice(-4)
      .flatMap(e => [e, { ...e, ts: newest + 1 }])
      .map(e => decode(e, newest + 1000, { shard: 'shard-0', sequence: 1, index: 0 }) as StreamEvent),
    finalize: kernel.finalizer([...golden.group.features.keys()]),
    // Of one feature: what the others need is passed over.
    finalizeOne: kernel.finalizer([0]),
    bytes: Uint8Array.from(Buffer.from(golden.row, 'hex')),
  };
});
type Case = (typeof rows)[number];

/** Decodes a row and everything in it, the tiles that are decoded late too. */
function decodeAll({ kernel }: Case, bytes: Uint8Array): Row {
  const row = decodeRow(kernel, bytes);
  kernel.merge(kernel.createState(), row.state);
  return row;
}

/** Folds events in and writes the row, as a batch does. */
function foldInto({ kernel, events }: Case, bytes: Uint8Array): void {
  const row = decodeRow(kernel, bytes);
  for (const event of events) kernel.update(row.state, event);
  encodeRow(kernel, row);
}

/** Finishes a row as reads do, which make no state of it. */
function finishAll({ finalize, finalizeOne }: Case, bytes: Uint8Array): void {
  const parts = [openRow(bytes).state];
  const q = Math.max(0, newestOf(parts[0]!) + 1);
  finalize(parts, q);
  finalizeOne(parts, q);
}

/** The error that decoding ends with, or undefined. Any error but these two is a defect. */
function errorOf(one: Case, bytes: Uint8Array, read: typeof finishAll = decodeAll): unknown {
  try {
    read(one, bytes);
    return undefined;
  } catch (error) {
    const isKnown = error instanceof CorruptBytesError || error instanceof NewerCodecError;
    if (!isKnown) throw new Error(`${one.name} ${Buffer.from(bytes).toString('hex')}`, { cause: error });
    return error;
  }
}

/** The first lengths, in which all kinds of fields end, the last ones, and about 100 of those between. */
function* cuts(end: number): Generator<number> {
  // Odd, for fields of fixed length have powers of two.
  const step = Math.max(1, Math.floor(end / 100)) | 1;
  for (let length = 0; length < end; length += length < 100 || length >= end - 20 ? 1 : step) yield length;
}

describe('corrupt rows', () => {
  it.each(rows)('$name: cut off anywhere is refused', one => {
    for (const read of [decodeAll, finishAll]) {
      const passed: number[] = [];
      for (const length of cuts(one.bytes.length)) {
        const error = errorOf(one, one.bytes.subarray(0, length), read);
        if (!(error instanceof CorruptBytesError)) passed.push(length);
      }
      expect(passed).toEqual([]);
      expect(errorOf(one, one.bytes, read)).toBeUndefined();
    }
  });

  it('with bytes altered are refused in time, or decode', () => {
    let refused = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...rows),
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 3 }),
        (one, changes) => {
          const bytes = one.bytes.slice();
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          if (errorOf(one, bytes) !== undefined) refused++;
          errorOf(one, bytes, finishAll);
          errorOf(one, bytes, foldInto);
        },
      ),
      { numRuns: 2_000 },
    );
    expect(refused).toBeGreaterThan(250);
  });

  it('with bits flipped are refused in time, or decode', () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.constantFrom(...rows), fc.nat(), fc.nat({ max: 7 }), (one, at, bit) => {
        const bytes = one.bytes.slice();
        const i = at % bytes.length;
        bytes[i] = (bytes[i] as number) ^ (1 << bit);
        if (errorOf(one, bytes) !== undefined) refused++;
        errorOf(one, bytes, finishAll);
        errorOf(one, bytes, foldInto);
      }),
      { numRuns: 2_500 },
    );
    expect(refused).toBeGreaterThan(75);
  });

  it('of random bytes are refused, or decode', () => {
    fc.assert(
      fc.property(fc.constantFrom(...rows), fc.uint8Array({ maxLength: 60, size: 'max' }), (one, tail) => {
        for (const form of [1, 2]) {
          for (const read of [decodeAll, finishAll, foldInto]) {
            errorOf(one, Uint8Array.of(form, 0, form, ...tail), read);
          }
          errorOf(one, Uint8Array.of(form, 31, ...tail));
          errorOf(one, Uint8Array.of(form, 96, ...tail));
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('lengths in corrupt bytes', () => {
  const written = (write: (w: Writer) => void): Reader => {
    const w = new Writer();
    write(w);
    return new Reader(w.finish());
  };
  const huge = Number.MAX_SAFE_INTEGER;

  test.each<[string, (r: Reader) => unknown, Reader]>([
    ['a text', readText, written(w => w.uint(huge - 1))],
    ['a text of digits', readText, written(w => w.raw(Uint8Array.of(255, 255, 255, 255, 7, 5)))],
    ['a list', r => r.count(), written(w => w.uint(huge))],
    ['a wide integer', r => r.bigint(), written(w => w.uint(huge))],
    [
      'a wide integer within the bytes',
      r => r.bigint(),
      written(w => {
        w.uint(800_000);
        w.raw(new Uint8Array(400_000).fill(7));
      }),
    ],
    ['raw bytes', r => r.raw(r.uint()), written(w => w.uint(huge))],
    ['a varint without an end', r => r.uint(), new Reader(new Uint8Array(1000).fill(255))],
    ['a varint past 2^53', r => r.uint(), new Reader(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 127))],
    ['a double', r => r.double(), new Reader(new Uint8Array(7))],
  ])('%s asks for no memory', (_, read, reader) => {
    // Of the processor, not of the wall: what else the machine does takes no part.
    const before = process.cpuUsage();
    expect(() => read(reader)).toThrow(CorruptBytesError);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000, 'ms').toBeLessThan(1000);
  });
});
