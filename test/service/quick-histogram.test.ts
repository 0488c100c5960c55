import fc from 'fast-check';
import { Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { QuickHistogram } from '../../lib/service/quick-histogram.ts';

const options = { name: 'seconds', help: 'How long.', buckets: [0.001, 0.1, 1.5] };

/** The same histogram in a registry of its own each. */
function both() {
  const ours = new Registry();
  const theirs = new Registry();
  return {
    quick: new QuickHistogram({ ...options, labelName: 'name', registers: [ours] }),
    usual: new Histogram({ ...options, labelNames: ['name'], registers: [theirs] }),
    ours,
    theirs,
  };
}

test("it says what prom-client's histogram says", async () => {
  const label = fc.constantFrom('a', 'b"\\\n', '');
  const x = fc.oneof(fc.constantFrom(0, ...options.buckets), fc.double({ min: 0, max: 2, noNaN: true }));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(label, x)), async added => {
      const { quick, usual, ours, theirs } = both();
      for (const [name, x] of added) {
        quick.add(name, x);
        usual.observe({ name }, x);
      }
      const [text, expected] = await Promise.all([ours.metrics(), theirs.metrics()]);
      // Labels may stand in another order.
      const lines = (metrics: string) =>
        metrics.split('\n').map(line => line.replace(/\{(name=".*"),(le="[^"]*")\}/, '{$2,$1}'));
      expect(lines(text)).toEqual(lines(expected));
    }),
  );
});

test('it has no series before something was added', async () => {
  const { ours } = both();
  expect((await ours.metrics()).trim()).toBe('# HELP seconds How long.\n# TYPE seconds histogram');
});
