import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  CorruptBytesError,
  codecVersion,
  decodeRow,
  encodeRow,
  NewerCodecError,
  namesIdRuns,
  type Position,
  type Ring,
  type Row,
  rowFaultReasons,
  type SettledIds,
} from '../../../lib/kernel/index.ts';
import { benchOf, randomOf } from '../build.ts';
import { entriesOf, ringOf, settledEntriesOf, settledOf } from './rings.ts';

const bench = benchOf({ aggregator: 'count' });
const { kernel } = bench;
const emptyRow = (): Row => ({
  fan: 1,
  marks: [],
  ring: null,
  settled: null,
  idRuns: [],
  runs: [],
  base: null,
  fault: null,
  setAside: [],
  state: kernel.createState(),
});
const roundTrip = (row: Row): Row => decodeRow(kernel, encodeRow(kernel, row));

const arbitraryText = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }).filter(s => s.isWellFormed()),
  fc.uuid(),
  fc.stringMatching(/^[0-9]{1,20}$/),
  fc.constantFrom('', 'shardId-000000000000', '\ufeffbom', '0000', 'F47AC10B-58CC-4372-A567-0E02B2C3D479'),
  fc.integer({ min: 50, max: 5000 }).map(n => 'é'.repeat(n)),
);
const arbitraryPosition: fc.Arbitrary<Position> = fc.record({
  shard: arbitraryText,
  sequence: fc.oneof(fc.maxSafeNat(), fc.bigInt({ min: 0n, max: 10n ** 56n })),
  index: fc.nat(),
});
const arbitraryRing: fc.Arbitrary<Ring | null> = fc
  .array(fc.tuple(fc.maxSafeNat(), fc.maxSafeNat(), fc.integer({ min: 1.7e12, max: 1.8e12 })))
  .map(entries => (entries.length === 0 ? null : ringOf(entries)));
const arbitraryArrival = fc.integer({ min: 1.7e12, max: 1.8e12 });
const arbitrarySettled: fc.Arbitrary<SettledIds | null> = fc
  .array(fc.tuple(fc.nat({ max: 2 ** 48 - 1 }), arbitraryArrival))
  .map(settledOf);
const arbitraryRow = fc.record({
  fan: fc.constantFrom(1, 2, 16, 1000),
  marks: fc.array(arbitraryPosition),
  ring: arbitraryRing,
  settled: arbitrarySettled,
  idRuns: fc.array(fc.record({ id: arbitraryText, bytes: fc.nat(), newest: arbitraryArrival })),
  runs: fc.array(fc.record({ id: arbitraryText, level: fc.nat({ max: 3 }), bytes: fc.nat() })),
  base: fc.option(arbitraryText),
  fault: fc.option(
    fc.record({ id: arbitraryText, reason: fc.constantFrom(...rowFaultReasons), detail: arbitraryText }),
  ),
  setAside: fc.array(arbitraryPosition),
});

describe('a row', () => {
  it('comes back as it was written: fan, marks, ring, settled ids, runs, base, what it lacks and state', () => {
    fc.assert(
      fc.property(arbitraryRow, fc.nat({ max: 3 }), (envelope, events) => {
        const row: Row = { ...envelope, state: bench.stateOf(Array.from({ length: events }, () => ({}))) };
        const { state, ...rest } = roundTrip(row);
        const plain = { ring: null, settled: null };
        expect({ ...rest, ...plain }).toEqual({ ...envelope, ...plain });
        expect(settledEntriesOf(rest.settled)).toEqual(settledEntriesOf(envelope.settled));
        expect(entriesOf(rest.ring)).toEqual(entriesOf(envelope.ring));
        expect(bench.value(state)).toBe(events);
        expect(encodeRow(kernel, { ...rest, state })).toEqual(encodeRow(kernel, row));
        expect(namesIdRuns(encodeRow(kernel, row))).toBe(row.idRuns.length > 0);
      }),
      { numRuns: 300 },
    );
  });

  it('without anything is three bytes, of which the first is the codec', () => {
    expect([...encodeRow(kernel, emptyRow())]).toEqual([codecVersion, 0, 0]);
    expect(roundTrip(emptyRow())).toMatchObject({ fan: 1, marks: [], ring: null, runs: [], base: null });
  });

  it('stays as it was written, however many more are written, small and large', () => {
    const random = randomOf(5);
    const written = Array.from({ length: 3000 }, (_, i) => {
      const length = i % 500 === 499 ? 300_000 : Math.floor(random() * 900);
      const base = `${i}${'x'.repeat(length)}`;
      return { base, bytes: encodeRow(kernel, { ...emptyRow(), base }) };
    });
    for (const { base, bytes } of written) expect(decodeRow(kernel, bytes).base).toBe(base);
  });

  it('that cannot be encoded leaves nothing behind for the next one', () => {
    const bad = { ...emptyRow(), base: 'b'.repeat(50), state: null as never };
    expect(() => encodeRow(kernel, bad)).toThrow();
    expect([...encodeRow(kernel, emptyRow())]).toEqual([codecVersion, 0, 0]);
  });
});

/** Written by the first release that had faults: these bytes stay readable. */
const goldenFault = '0140020266026401027300070100';

test('faults of the first codec are readable', () => {
  const { fault, setAside } = decodeRow(kernel, Uint8Array.from(Buffer.from(goldenFault, 'hex')));
  expect(fault).toEqual({ id: 'f', reason: 'too-large', detail: 'd' });
  expect(setAside).toEqual([{ shard: 's', sequence: 7, index: 1 }]);
});

describe('bytes of a later codec', () => {
  const bytes = encodeRow(kernel, { ...emptyRow(), base: 'b' });
  const altered = (at: number, value: number): Uint8Array =>
    Uint8Array.from(bytes, (b, i) => (i === at ? value : b));

  it('are refused as newer, not as corrupt', () => {
    expect(() => decodeRow(kernel, altered(0, 3))).toThrow(NewerCodecError);
    expect(() => decodeRow(kernel, altered(0, 3))).toThrow(/row codec 3.*reads up to 2.*newer release/);
    expect(() => decodeRow(kernel, altered(0, 255))).toThrow(NewerCodecError);
  });
  it('with a section this code does not know too', () => {
    for (const section of [128, 129, 255]) {
      expect(() => decodeRow(kernel, altered(1, section))).toThrow(NewerCodecError);
    }
  });
  it('or a fault of a kind it does not know', () => {
    const faulty = encodeRow(kernel, {
      ...emptyRow(),
      fault: { id: 'f', reason: 'too-large', detail: 'd' },
      setAside: [{ shard: 's', sequence: 7, index: 1 }],
    });
    expect(Buffer.from(faulty).toString('hex').slice(2)).toBe(goldenFault.slice(2));
    expect(() =>
      decodeRow(
        kernel,
        Uint8Array.from(faulty, (b, i) => (i === 2 ? 3 : b)),
      ),
    ).toThrow(NewerCodecError);
  });
  it('while a codec that never was is corruption', () => {
    expect(() => decodeRow(kernel, altered(0, 0))).toThrow(CorruptBytesError);
    expect(() => decodeRow(kernel, new Uint8Array())).toThrow(CorruptBytesError);
    expect(() => decodeRow(kernel, Uint8Array.of(...bytes, 0))).toThrow(/1 bytes after its end/);
  });
});
