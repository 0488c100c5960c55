import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { hash53, mixHashes } from '../../lib/kernel/hash.ts';
import { randomOf } from './build.ts';

describe('hash53', () => {
  /**
   * The upper 32 bits are MurmurHash3_x86_32 with seed 0x9747b28c, for which test vectors have been published
   * (by I. Boyd, stackoverflow.com/a/31929528).
   */
  test.each([
    ['', 0xebb6c228],
    ['a', 0x7fa09ea6],
    ['aa', 0x5d211726],
    ['aaa', 0x283e0130],
    ['aaaa', 0x5a97808a],
    ['ab', 0x74875592],
    ['abc', 0xc84a62dd],
    ['abcd', 0xf0478627],
    ['Hello, world!', 0x24884cba],
    ['ππππππππ', 0xd58063c1],
    ['The quick brown fox jumps over the lazy dog', 0x2fa826cd],
  ])('of %j begins with the published MurmurHash3', (text, wanted) => {
    expect(Math.floor(hash53(text) / 2 ** 21)).toBe(wanted);
  });

  test.each<[string | number | bigint | boolean, number]>([
    ['', 8293445567748828],
    ['a', 4490490663093192],
    ['ab', 4099987361469243],
    ['abc', 7047097978483781],
    ['abcd', 8454079490938340],
    ['abcde', 8200943805493038],
    ['abcdef', 2954551366010335],
    ['abcdefg', 6735874352623184],
    ['abcdefgh', 7283495139702932],
    ['né', 5559125461584806],
    ['日本語', 4552410028958962],
    ['😀', 2772974867021530],
    [0, 1622550514715094],
    [1, 1416604956920683],
    [-1, 7206516889981382],
    [42, 1448891319117827],
    [0.1, 4601662006895935],
    [1e300, 2845028593580659],
    [9007199254740991, 3161870423793057],
    [0n, 6657899344304604],
    [42n, 81802401894003],
    [-9223372036854775808n, 3176095004496210],
    [9223372036854775807n, 2372972334915017],
    [true, 6506783676992651],
    [false, 1449671000217488],
  ])('of %o is %d for ever', (value, wanted) => {
    expect(hash53(value)).toBe(wanted);
  });

  it('of a string is that of its UTF-8 bytes, whatever its length and alphabet', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary-ascii', maxLength: 40, size: 'max' }),
          fc.string({ unit: 'grapheme', maxLength: 20, size: 'max' }),
        ),
        text => {
          expect(hash53(text)).toBe(reference(new TextEncoder().encode(text)));
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('of a number is that of its eight bytes, −0 being 0', () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), fc.double({ noNaN: true })), x => {
        const view = new DataView(new ArrayBuffer(8));
        view.setFloat64(0, x + 0, true);
        expect(hash53(x)).toBe(reference(new Uint8Array(view.buffer)));
      }),
    );
    expect(hash53(-0)).toBe(hash53(0));
  });

  it('of a bigint is that of its digits', () => {
    expect(hash53(-12345678901234567890n)).toBe(hash53('-12345678901234567890'));
  });

  it('is a safe integer from 0', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double(), fc.bigInt(), fc.boolean()), value => {
        expect(Number.isSafeInteger(hash53(value)) && hash53(value) >= 0).toBe(true);
      }),
    );
  });

  it('spreads consecutive ids evenly over buckets, by its low and by its high bits', () => {
    const keys = 100_000;
    const buckets = 64;
    const kinds = [(i: number) => `user-${i}`, (i: number) => i, (i: number) => BigInt(i) << 40n];
    for (const key of kinds) {
      const low = new Array<number>(buckets).fill(0);
      const high = new Array<number>(buckets).fill(0);
      for (let i = 0; i < keys; i++) {
        const hash = hash53(key(i));
        low[hash % buckets]!++;
        high[Math.floor(hash / 2 ** 47)]!++;
      }
      for (const counts of [low, high]) {
        const wanted = keys / buckets;
        const chiSquared = counts.reduce((sum, n) => sum + (n - wanted) ** 2 / wanted, 0);
        // 63 degrees of freedom: beyond 120 once in 100,000 times.
        expect(chiSquared).toBeLessThan(120);
      }
    }
  });

  it('does not collide on 300,000 ids', () => {
    // Expected collisions: n² / 2^54, one in 200,000 times.
    const hashes = new Set<number>();
    for (let i = 0; i < 300_000; i++) hashes.add(hash53(`id-${i}`));
    expect(hashes.size).toBe(300_000);
  });

  it('changes half of its bits with any bit of a number', () => {
    const random = randomOf(1);
    let changed = 0;
    const trials = 2000;
    for (let i = 0; i < trials; i++) {
      const x = Math.floor(random() * 2 ** 31);
      const difference = BigInt(hash53(x)) ^ BigInt(hash53(x ^ (1 << Math.floor(random() * 31))));
      changed += difference.toString(2).replaceAll('0', '').length;
    }
    expect(changed / trials / 53).toBeGreaterThan(0.48);
    expect(changed / trials / 53).toBeLessThan(0.52);
  });
});

describe('mixHashes', () => {
  it('counts the order of its arguments', () => {
    expect(mixHashes(1, 2)).not.toBe(mixHashes(2, 1));
    expect(mixHashes(2 ** 40, 0)).not.toBe(mixHashes(0, 2 ** 40));
  });
  it('is the same for ever', () => {
    expect([mixHashes(0, 0), mixHashes(1, 2), mixHashes(2 ** 53 - 1, 2 ** 52 + 5)]).toEqual([
      430611834118092, 8737502129294364, 7373052600060246,
    ]);
  });
  it('spreads', () => {
    const seen = new Set<number>();
    for (let a = 0; a < 300; a++) for (let b = 0; b < 300; b++) seen.add(mixHashes(a, b));
    expect(seen.size).toBe(90_000);
  });
});

/** The definition of hash53, written once more, slowly, with integers that cannot overflow. */
function reference(bytes: Uint8Array): number {
  const lane = (seed: bigint): bigint => {
    const mask = 0xffff_ffffn;
    const rotate = (x: bigint, n: bigint): bigint => ((x << n) | (x >> (32n - n))) & mask;
    const scramble = (k: bigint): bigint => (rotate((k * 0xcc9e_2d51n) & mask, 15n) * 0x1b87_3593n) & mask;
    const word = (from: number, to: number): bigint =>
      bytes.slice(from, to).reduceRight((x, b) => (x << 8n) | BigInt(b), 0n);
    let h = seed;
    const whole = bytes.length - (bytes.length % 4);
    for (let i = 0; i < whole; i += 4) {
      h = (rotate(h ^ scramble(word(i, i + 4)), 13n) * 5n + 0xe654_6b64n) & mask;
    }
    if (whole < bytes.length) h ^= scramble(word(whole, bytes.length));
    h ^= BigInt(bytes.length);
    h = ((h ^ (h >> 16n)) * 0x85eb_ca6bn) & mask;
    h = ((h ^ (h >> 13n)) * 0xc2b2_ae35n) & mask;
    return h ^ (h >> 16n);
  };
  return Number((lane(0x9747_b28cn) << 21n) | (lane(0x3c6e_f372n) >> 11n));
}
