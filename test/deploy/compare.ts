import { isDeepStrictEqual } from 'node:util';

/** An answer of `POST /v1/features`. */
export interface FeatureAnswer {
  readonly asOf: number;
  readonly features: readonly string[];
  readonly entities: readonly {
    readonly status: string;
    readonly values: readonly unknown[];
    readonly [more: string]: unknown;
  }[];
}

export interface Comparison {
  /** Values, of all entities. */
  readonly compared: number;
  /** Of these, floating numbers that differ by rounding: sums in another order. */
  readonly rounded: number;
  readonly differences: readonly Difference[];
}

export interface Difference {
  /** The entity's key, and the feature or what else of the entity it is. */
  readonly where: string;
  readonly deployed: unknown;
  readonly local: unknown;
}

/**
 * Holds an answer to the one that another place gave for the same entities and time. They have to have the same features
 * in the same order, and entities that are the same in all: status, flags, values. Floating numbers may differ by what
 * floating sums promise, 1e-9 of what they add up to; taken here as 1e-9 of the larger number, or of 1.
 */
export function compareAnswers(
  keys: readonly Readonly<Record<string, unknown>>[],
  deployed: FeatureAnswer,
  local: FeatureAnswer,
): Comparison {
  const differences: Difference[] = [];
  let rounded = 0;
  const differ = (where: string, a: unknown, b: unknown): void =>
    void differences.push({ where, deployed: a, local: b });

  const { entities: found, ...head } = deployed;
  const { entities: wanted, ...localHead } = local;
  if (!isDeepStrictEqual(head, localHead)) differ('the answer', head, localHead);
  if (found.length !== keys.length || wanted.length !== keys.length)
    differ('the number of entities', found.length, wanted.length);
  let compared = 0;
  for (const [i, key] of keys.entries()) {
    const name = Object.values(key).join(' ');
    const { values: a, ...about } = found[i] ?? { values: [] };
    const { values: b, ...localAbout } = wanted[i] ?? { values: [] };
    if (!isDeepStrictEqual(about, localAbout)) differ(name, about, localAbout);
    for (const [place, feature] of local.features.entries()) {
      compared++;
      const likeness = likenessOf(a[place], b[place]);
      if (likeness === 'rounded') rounded++;
      if (likeness === 'other') differ(`${name} ${feature}`, a[place], b[place]);
    }
  }
  return { compared, rounded, differences };
}

type Likeness = 'same' | 'rounded' | 'other';

function likenessOf(a: unknown, b: unknown): Likeness {
  if (Object.is(a, b)) return 'same';
  if (typeof a === 'number' && typeof b === 'number') {
    if (Number.isInteger(a) && Number.isInteger(b)) return 'other';
    return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b)) ? 'rounded' : 'other';
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return 'other';
  const names = Object.keys(a);
  if (Array.isArray(a) !== Array.isArray(b) || !isDeepStrictEqual(names, Object.keys(b))) return 'other';
  const parts = names.map(name => likenessOf((a as Members)[name], (b as Members)[name]));
  return parts.find(part => part === 'other') ?? parts.find(part => part === 'rounded') ?? 'same';
}

type Members = Readonly<Record<string, unknown>>;

export const noComparison: Comparison = { compared: 0, rounded: 0, differences: [] };

export const addComparisons = (a: Comparison, b: Comparison): Comparison => ({
  compared: a.compared + b.compared,
  rounded: a.rounded + b.rounded,
  differences: [...a.differences, ...b.differences],
});
