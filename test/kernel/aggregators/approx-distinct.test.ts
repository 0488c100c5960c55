import { describe, expect, it } from 'vitest';
import {
  approxDistinct,
  cardinality,
  type HyperLogLog,
} from '../../../lib/kernel/aggregators/approx-distinct.ts';
import { Reader, Writer } from '../../../lib/kernel/codec/bytes.ts';
import { shuffled } from '../build.ts';

const sketch = approxDistinct(12);

function sketchOf(values: Iterable<string | number>): HyperLogLog {
  const p = sketch.create();
  for (const value of values) sketch.update(p, value as never, 0, '', null);
  return p;
}
function* range(from: number, to: number, name = ''): Generator<string | number> {
  for (let i = from; i < to; i++) yield name === '' ? i : `${name}${i}`;
}
function bytesOf(p: HyperLogLog): Uint8Array {
  const w = new Writer();
  sketch.encode(w, p, 0);
  return w.finish();
}
const copy = (p: HyperLogLog): HyperLogLog => sketch.decode(new Reader(bytesOf(p)), 0);
function union(...parts: HyperLogLog[]): HyperLogLog {
  const whole = sketch.create();
  for (const part of parts) sketch.merge(whole, copy(part));
  return whole;
}

describe('approxDistinct', () => {
  it('is exact while small', () => {
    for (const name of ['', 'user-', 'né-']) {
      for (const n of [0, 1, 2, 10, 100, 500]) {
        expect(cardinality(sketchOf(range(0, n, name))), `${n} of ${name}`).toBe(n);
      }
    }
    // Beyond, registers of the sparse form begin to coincide: a few in a million.
    const n = 1000;
    expect(Math.abs(cardinality(sketchOf(range(0, n))) - n)).toBeLessThanOrEqual(3);
  });

  it('counts values, not events', () => {
    const values = [...range(0, 300)];
    expect(cardinality(sketchOf([...values, ...values, ...values]))).toBe(300);
  });

  it.each([2000, 4096, 10_000, 30_000, 100_000])('has a root mean square error below 2 percent at %d', n => {
    const seeds = n > 50_000 ? 16 : 30;
    let squares = 0;
    for (let seed = 0; seed < seeds; seed++) {
      squares += (cardinality(sketchOf(range(0, n, `${seed}-`))) / n - 1) ** 2;
    }
    expect(Math.sqrt(squares / seeds)).toBeLessThan(0.02);
  });

  it.each([700_000, 2_000_000])('is within three standard errors at %d', n => {
    expect(Math.abs(cardinality(sketchOf(range(0, n))) / n - 1)).toBeLessThan(3 * 0.0163);
  });

  it('is unbiased where the sparse form becomes the dense one', () => {
    let sum = 0;
    const seeds = 24;
    for (let seed = 0; seed < seeds; seed++) sum += cardinality(sketchOf(range(0, 1100, `${seed}:`))) / 1100;
    expect(Math.abs(sum / seeds - 1)).toBeLessThan(0.01);
  });

  it('of a merge is that of the union', () => {
    for (const [a, b, c] of [
      [100, 300, 400],
      [500, 600, 1500],
      [900, 5000, 20_000],
      [0, 0, 3000],
    ] as const) {
      const whole = bytesOf(sketchOf(range(0, c)));
      const parts = [sketchOf(range(0, b)), sketchOf(range(a, c)), sketchOf(range(a, b))];
      expect(bytesOf(union(...parts))).toEqual(whole);
      expect(bytesOf(union(...[...parts].reverse()))).toEqual(whole);
    }
  });

  it('has the same bytes for every order of the values', () => {
    for (const n of [10, 1024, 1025, 3000]) {
      const values = [...range(0, n)];
      const bytes = bytesOf(sketchOf(values));
      expect(bytesOf(sketchOf(shuffled(values, n)))).toEqual(bytes);
      expect(bytesOf(copy(sketchOf(values)))).toEqual(bytes);
    }
  });

  it('takes 3 KB at most', () => {
    expect(bytesOf(sketchOf(range(0, 100_000))).length).toBe(3073);
    expect(bytesOf(sketchOf(range(0, 20))).length).toBeLessThan(90);
  });
});
