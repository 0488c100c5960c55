import type { Rule } from './rules.ts';

/** What the SQL says of one value, and what its tolerance is measured by. */
export interface Truth {
  readonly value: unknown;
  /** Σ|x| (for an average, its mean), where values may cancel. */
  readonly abs?: unknown;
  /** heavyHitters: all events, and the true count of every value where there are more of them than the sample. */
  readonly n?: unknown;
  readonly counts?: unknown;
}

export function agrees(rule: Rule, ours: unknown, truth: Truth): boolean {
  switch (rule.kind) {
    case 'exact':
      return isSame(ours, truth.value, (a, b) => a === b);
    case 'float': {
      const scale = typeof truth.abs === 'number' ? truth.abs : 0;
      return isSame(ours, truth.value, (a, b) => Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(b), scale));
    }
    case 'approxDistinct':
      return (
        typeof ours === 'number' &&
        Math.abs(ours - (truth.value as number)) <= countBound(truth.value as number)
      );
    case 'quantile':
      return isSame(ours, truth.value, (a, b) => isWithin(a, b, rule.accuracy));
    case 'ofQuantile':
      // 1 / (1 ± ε) is off by up to ε / (1 − ε).
      return isSame(ours, truth.value, (a, b) => isWithin(a, b, rule.accuracy / (1 - rule.accuracy)));
    case 'heavyHitters':
      return truth.counts === null || truth.counts === undefined
        ? isSame(ours, truth.value, (a, b) => a === b)
        : areFrequent(rule, ours as Counts, truth.counts as Counts, truth.n as number);
  }
}

/** 1.04 / √(2^12). */
export const standardError = 0.01625;
/** A sketch of 2^12 registers is sparse, and nearly exact, up to a quarter as many values. */
export const sparseLimit = 1024;

const countBound = (truth: number): number =>
  truth <= sparseLimit ? Math.max(2, 0.005 * truth) : 5 * standardError * truth;

// A hair above the promise, for the rounding of the promise itself.
const isWithin = (a: number, b: number, accuracy: number): boolean =>
  Math.abs(a - b) <= accuracy * Math.abs(b) * (1 + 1e-9);

type Counts = Readonly<Record<string, number>>;

/** No estimate is far from its true count, and no value left out would have had a clearly larger one. */
function areFrequent(rule: Rule & { kind: 'heavyHitters' }, ours: Counts, truth: Counts, n: number): boolean {
  const bound = (count: number): number => {
    const share = count / n;
    return (n / rule.sample) * (5 * Math.sqrt(rule.sample * share * (1 - share)) + 5);
  };
  const returned = Object.entries(ours);
  const least = Math.min(...returned.map(([, estimate]) => estimate));
  return (
    returned.length === Math.min(rule.top, Object.keys(truth).length) &&
    returned.every(
      ([value, estimate]) => Math.abs(estimate - (truth[value] ?? 0)) <= bound(truth[value] ?? 0),
    ) &&
    Object.entries(truth).every(([value, count]) => value in ours || count <= least + bound(count))
  );
}

/** Equal in structure, numbers by `close`; the order of an object's keys says nothing. */
function isSame(a: unknown, b: unknown, close: (a: number, b: number) => boolean): boolean {
  if (a === b) return true;
  if (typeof a === 'number' && typeof b === 'number') return close(a, b);
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((x, i) => isSame(x, b[i], close))
    );
  }
  const [x, y] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = Object.keys(x);
  return (
    keys.length === Object.keys(y).length &&
    keys.every(key => Object.hasOwn(y, key) && isSame(x[key], y[key], close))
  );
}
