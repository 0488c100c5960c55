import { describe, expect, test } from 'vitest';
import { compareAnswers, type FeatureAnswer } from './compare.ts';

const keys = [{ user: 'u1' }, { user: 'u2' }];
const answer: FeatureAnswer & { readonly group: string } = {
  group: 'user_engagement',
  asOf: 1_700_000_000_000,
  features: ['clicks_1h', 'ctr_24h', 'recent', 'by_hour'],
  entities: [
    { status: 'known', values: [3, 0.25, [{ item: 'v1', ts: 5 }], { '7': 2, '9': 1.5 }] },
    { status: 'unknown', values: [0, null, [], {}] },
  ],
};

/** The answer with one thing changed, in a copy. */
function changed(change: (copy: ReturnType<typeof copyOf>) => void): FeatureAnswer {
  const copy = copyOf();
  change(copy);
  return copy;
}
// biome-ignore lint/suspicious/noExplicitAny: tests change whatever an answer is made of
const copyOf = (): any => structuredClone(answer);

test('an answer is like itself, in every value of every entity', () => {
  expect(
    compareAnswers(
      keys,
      answer,
      changed(() => {}),
    ),
  ).toEqual({ compared: 8, rounded: 0, differences: [] });
});

describe('what is found', () => {
  test.each<[string, Parameters<typeof changed>[0], string]>([
    ['a count that is one more', a => (a.entities[0].values[0] = 4), 'u1 clicks_1h'],
    ['a share that is another', a => (a.entities[0].values[1] = 0.2501), 'u1 ctr_24h'],
    ['a null that is a zero', a => (a.entities[1].values[1] = 0), 'u2 ctr_24h'],
    ['another item in a list', a => (a.entities[0].values[2][0].item = 'v2'), 'u1 recent'],
    ['a list with one more', a => a.entities[1].values[2].push({}), 'u2 recent'],
    ['a map with another key', a => (a.entities[0].values[3] = { '8': 2, '9': 1.5 }), 'u1 by_hour'],
    ['text for a number', a => (a.entities[0].values[0] = '3'), 'u1 clicks_1h'],
    ['an entity that is not known', a => (a.entities[0].status = 'unknown'), 'u1'],
    ['an entity that failed', a => (a.entities[1].error = 'no table'), 'u2'],
    ['another time', a => a.asOf++, 'the answer'],
    ['another order of features', a => a.features.reverse(), 'the answer'],
    ['an entity that is missing', a => a.entities.pop(), 'the number of entities'],
  ])('%s', (_, change, where) => {
    const places = (a: FeatureAnswer, b: FeatureAnswer) =>
      compareAnswers(keys, a, b).differences.map(d => d.where);
    expect(places(answer, changed(change))).toContain(where);
    expect(places(changed(change), answer)).toContain(where);
  });
});

test('floating sums may differ by rounding, wherever they stand; whole numbers may not', () => {
  const nearly = changed(a => {
    a.entities[0].values[1] += 1e-12;
    a.entities[0].values[3]['9'] += 1e-12;
  });
  expect(compareAnswers(keys, answer, nearly)).toEqual({ compared: 8, rounded: 2, differences: [] });
  const large = (n: number) => changed(a => (a.entities[0].values[0] = n));
  expect(compareAnswers(keys, large(1e15), large(1e15 + 1)).differences).toHaveLength(1);
});
