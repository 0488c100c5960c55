import { isDeepStrictEqual } from 'node:util';
import { derivations, type Expected, expectations, expected } from '../../features/feed/expected.ts';
import type { OracleEvent } from '../../kernel/oracle.ts';

/** A feature whose answer is not the oracle's. */
export interface Difference {
  readonly feature: string;
  readonly read: unknown;
  readonly expected: unknown;
}

/** Holds the values of one entity of a group, by feature name, to the oracle's over the events that it should hold. */
export function differences(
  group: string,
  values: Readonly<Record<string, unknown>>,
  events: readonly OracleEvent[],
  asOf: number,
): readonly Difference[] {
  const found: Difference[] = [];
  const wanted: Record<string, unknown> = {};
  const derived = derivations[group] ?? {};
  for (const [feature, read] of Object.entries(values)) {
    if (derived[feature] !== undefined) continue;
    const [, name, length, unit] = /^(.*)_(\d+)([hd])$/.exec(feature) ?? [];
    const spec = expectations[group]?.[name ?? ''];
    if (spec === undefined) throw new Error(`the oracle does not know feature ${feature} of ${group}`);
    const answer = expected(spec, Number(length) * units[unit as keyof typeof units], events, asOf);
    wanted[feature] = answer.value;
    if (!agrees(read, answer)) found.push({ feature, read, expected: answer.value });
  }
  for (const [feature, derive] of Object.entries(derived)) {
    const value = derive(wanted);
    if (!isDeepStrictEqual(values[feature], value))
      found.push({ feature, read: values[feature], expected: value });
  }
  return found;
}

const units = { h: 3_600_000, d: 86_400_000 } as const;

function agrees(read: unknown, { value, within }: Expected): boolean {
  if (within === 0) return isDeepStrictEqual(read, value);
  if (typeof value === 'number') return isNear(read, value, within);
  // Of a sample, which keys are among the largest is not sure; that there are some is.
  const counts = Object.entries(read as object);
  const isEmpty = Object.keys(value as object).length === 0;
  return (
    (counts.length === 0) === isEmpty && counts.every(([key, n]) => isNear(n, countOf(value, key), within))
  );
}

const isNear = (read: unknown, wanted: number, within: number): boolean =>
  typeof read === 'number' && Math.abs(read - wanted) <= within;

const countOf = (counts: unknown, key: string): number => (counts as Record<string, number>)[key] ?? 0;
