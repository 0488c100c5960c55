import { describe, expect, it } from 'vitest';
import {
  compileDecoder,
  compileGroup,
  decodeRow,
  encodeRow,
  isRejection,
  type StreamEvent,
} from '../../../lib/kernel/index.ts';
import { cases } from './cases.ts';
import { answer, goldenNames, plainEnvelope, readGolden } from './golden.ts';

describe('rows of earlier releases', () => {
  it('exist for every case', () => {
    const families = new Set(goldenNames().map(name => name.replace(/^v\d+-/, '')));
    expect([...families].sort()).toEqual(cases.map(c => c.name).sort());
  });

  describe.each(goldenNames())('%s', name => {
    const golden = readGolden(name);
    const kernel = compileGroup({ streams: [golden.stream] }, golden.group);
    const bytes = Uint8Array.from(Buffer.from(golden.row, 'hex'));
    const { answers } = golden;
    const near = answers.map(a => expectNear(a));

    it('decodes to its envelope and its values', () => {
      const row = decodeRow(kernel, bytes);
      const { state: _, ...envelope } = row;
      expect(bytes[0]).toBe(golden.codec);
      expect(plainEnvelope(envelope)).toEqual(golden.envelope);
      expect(answers.map(({ q }) => answer(kernel, row, q))).toEqual(near);
    });

    it('keeps them when it is written again and merged', () => {
      const again = decodeRow(kernel, encodeRow(kernel, decodeRow(kernel, bytes)));
      expect(answers.map(({ q }) => answer(kernel, again, q))).toEqual(near);
      const merged = { ...again, state: kernel.createState() };
      kernel.merge(merged.state, decodeRow(kernel, bytes).state);
      expect(answers.map(({ q }) => answer(kernel, merged, q))).toEqual(near);
    });

    it('is what its events still amount to', () => {
      const decode = compileDecoder(golden.stream);
      const now = Math.max(0, ...golden.events.map(e => e.ts as number)) + 1000;
      const row = { ...decodeRow(kernel, bytes), state: kernel.createState() };
      for (const [i, json] of golden.events.entries()) {
        const sequence = i % 2 === 0 ? i : 10n ** 55n + BigInt(i);
        const event = decode(json, now, { shard: `shard-${i % 3}`, sequence, index: i });
        expect(isRejection(event)).toBe(false);
        kernel.update(row.state, event as StreamEvent);
      }
      expect(answers.map(({ q }) => answer(kernel, row, q))).toEqual(near);
    });
  });
});

/** The same, but for the last digits of floats, past the twelfth: they may sum in another order (DESIGN, rule 3). */
function expectNear(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isInteger(value))
    return expect.closeTo(value, 12 - Math.ceil(Math.log10(Math.abs(value))));
  if (Array.isArray(value)) return value.map(expectNear);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, expectNear(v)]));
  }
  return value;
}
