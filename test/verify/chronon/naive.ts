import type { Aggregation, Spec, SpecEvent, VectorValue } from './spec.ts';
import { columnValue } from './spec.ts';

/**
 * An aggregation over a list of events, the plain way: filter, sort, fold. It settles who is right where Chronon's
 * value and the kernel's differ on purpose, and shares no code with either.
 */
export function naive(spec: Spec, aggregation: Aggregation, events: readonly SpecEvent[]): VectorValue {
  const column = spec.columns.findIndex(c => c.name === aggregation.column);
  const values = [...events]
    .sort((a, b) => a.time - b.time) // stable: file order within one time
    .map(event => columnValue(spec, column, event))
    .filter(value => value !== null)
    .map(value => (Object.is(value, -0) ? 0 : value));
  const numbers = values as number[];
  const k = aggregation.k ?? 0;
  const sum = numbers.reduce((a, b) => a + b, 0);
  const ascending = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  switch (aggregation.operation) {
    case 'COUNT':
      return values.length;
    case 'SUM':
      return values.length === 0 ? null : sum;
    case 'AVERAGE':
      return values.length === 0 ? null : sum / values.length;
    case 'VARIANCE': {
      if (values.length === 0) return null;
      const mean = sum / values.length;
      return numbers.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
    }
    case 'MIN':
      return ascending[0] ?? null;
    case 'MAX':
      return ascending.at(-1) ?? null;
    case 'FIRST':
      return values[0] ?? null;
    case 'LAST':
      return values.at(-1) ?? null;
    case 'FIRST_K':
      return values.slice(0, k);
    case 'LAST_K':
      return [...values].reverse().slice(0, k);
    case 'TOP_K':
      return ascending.reverse().slice(0, k);
    case 'BOTTOM_K':
      return ascending.slice(0, k);
    case 'UNIQUE_COUNT':
    case 'APPROX_UNIQUE_COUNT':
      return new Set(values).size;
    case 'HISTOGRAM': {
      const counts = new Map<string, number>();
      for (const value of ascending) counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
      // Inserted in ascending order and sorted stably: equal counts stay by value.
      return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1]).slice(0, k));
    }
  }
}

const hour = 3_600_000;
const hopOf = (window: number): number =>
  window < 12 * hour ? hour / 12 : window < 12 * 24 * hour ? hour : 24 * hour;

/** The events that a window counts at `q`: floor(q − window, hop) ≤ time < q. */
export function inWindow(
  events: readonly SpecEvent[],
  window: number | 'lifetime',
  q: number,
): readonly SpecEvent[] {
  if (window === 'lifetime') return events.filter(e => e.time < q);
  const hop = hopOf(window);
  const start = Math.floor((q - window) / hop) * hop;
  return events.filter(e => e.time >= start && e.time < q);
}

/**
 * The events that Chronon counts instead. It cuts the times of hops off towards zero, which before 1970 is the hop's
 * end: an event counts up to one hop too long, and not at all while that hop is the query's own.
 */
export function inChrononsWindow(
  events: readonly SpecEvent[],
  window: number | 'lifetime',
  q: number,
): readonly SpecEvent[] {
  const cut = (time: number, hop: number): number => Math.trunc(time / hop) * hop;
  const end = cut(q, hour / 12);
  const shown = events.filter(e => e.time < q && (e.time >= 0 || cut(e.time, hour / 12) < end));
  if (window === 'lifetime') return shown;
  const hop = hopOf(window);
  return shown.filter(e => cut(e.time, hop) >= cut(end - window, hop));
}
