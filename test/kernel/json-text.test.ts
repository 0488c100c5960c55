import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonText } from '../../lib/kernel/index.ts';

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

test.each([
  ['arrays', undefined],
  ['buffers, whose slices are views', Buffer.allocUnsafeSlow],
])(
  'in %s, texts stay as they are while others are written, short ones and long ones in turn',
  (_, allocate) => {
    const length = fc.oneof(fc.nat(2_000), fc.nat(60_000), fc.constant(200_000));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'ü', '€'), length), { maxLength: 40 }), wanted => {
        const out = new JsonText(allocate);
        const texts = wanted.map(([character, length]) => {
          const half = character.repeat(Math.ceil(length / 2));
          out.raw(half);
          const since = out.cut(0);
          out.repeat(0, out.length);
          const text = out.cut(0);
          out.restart();
          return { text, since, half };
        });
        for (const { text, since, half } of texts) {
          expect(textOf(text)).toBe(half + half);
          expect(textOf(since)).toBe(half);
        }
      }),
      { numRuns: 50 },
    );
  },
);

test('what was written of a text that came to nothing is dropped', () => {
  const out = new JsonText();
  out.raw('{"half');
  out.restart();
  out.put(Buffer.from('{}'));
  expect(out.length).toBe(2);
  expect(textOf(out.written())).toBe('{}');
  expect(textOf(out.cut(1))).toBe('}');
});

test('texts taken out of Buffers stay when the next one is written', () => {
  const out = new JsonText(Buffer.allocUnsafeSlow);
  out.ascii('a'.repeat(40_000));
  const part = out.cut(39_990);
  const first = out.cut(0);
  out.restart();
  out.ascii('b'.repeat(40_000));
  expect(Buffer.from(first).toString()).toBe('a'.repeat(40_000));
  expect(Buffer.from(part).toString()).toBe('a'.repeat(10));
});
