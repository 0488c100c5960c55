import type { Window } from '../../lib/kernel/index.ts';

/**
 * The window rule and every aggregate, said as plainly as possible: filter the events, sort them, compute. Imports
 * nothing of the kernel but a type. Property tests hold the kernel against this.
 */

export interface OracleEvent<Id extends number | string = number | string> {
  readonly time: number;
  /** Orders events of one time. */
  readonly id: Id;
  readonly fields: Readonly<Record<string, unknown>>;
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** DESIGN, rule 2: window W at query time q counts exactly the events with floor(q − W, hop) ≤ time < q. */
export function inWindow(time: number, window: Window, q: number): boolean {
  if (window === 'lifetime') return time < q;
  const hop = window < 12 * hour ? 5 * minute : window < 12 * day ? hour : day;
  return Math.floor((q - window) / hop) * hop <= time && time < q;
}

export interface OracleFeature {
  readonly aggregate: string;
  /** The field aggregated; events where it is null are skipped. */
  readonly field?: string;
  /** What topK and bottomK rank by. */
  readonly orderBy?: string;
  readonly where?: (event: OracleEvent) => boolean;
  readonly by?: string;
  readonly k?: number;
  readonly q?: number;
  readonly halfLife?: number;
  readonly window: Window;
}

export function oracle(feature: OracleFeature, events: readonly OracleEvent[], q: number): unknown {
  const seen = events
    .filter(e => inWindow(e.time, feature.window, q))
    .filter(e => feature.where?.(e) ?? true)
    .filter(e =>
      [feature.field, feature.orderBy, feature.by].every(f => f === undefined || e.fields[f] != null),
    )
    .sort((a, b) => a.time - b.time || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  if (feature.by === undefined) return aggregate(feature, seen, q);
  const { by, ...inner } = feature;
  const map = new Map<unknown, unknown>();
  for (const key of new Set(seen.map(e => e.fields[by]))) {
    map.set(
      key,
      aggregate(
        inner,
        seen.filter(e => e.fields[by] === key),
        q,
      ),
    );
  }
  return map;
}

function aggregate(feature: OracleFeature, events: readonly OracleEvent[], q: number): unknown {
  const { field, orderBy, k = 1 } = feature;
  const values = events.map(e => (field === undefined ? 1 : e.fields[field]) as never);
  const numbers = values.map(Number);
  const n = values.length;
  const sum = numbers.reduce((a, b) => a + b, 0);
  const mean = sum / n;
  const ascending = <T>(list: T[]): T[] => [...list].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  switch (feature.aggregate) {
    case 'count':
      return n;
    case 'sum':
      return n === 0
        ? null
        : typeof values[0] === 'bigint'
          ? values.reduce((a: bigint, b: bigint) => a + b, 0n)
          : sum;
    case 'avg':
      return n === 0 ? null : mean;
    case 'variance':
      return n === 0 ? null : numbers.reduce((a, x) => a + (x - mean) ** 2, 0) / n;
    case 'min':
      return ascending(values)[0] ?? null;
    case 'max':
      return ascending(values).at(-1) ?? null;
    case 'first':
      return values[0] ?? null;
    case 'last':
      return values.at(-1) ?? null;
    case 'firstK':
      return values.slice(0, k);
    case 'lastK':
      return values.slice(-k).reverse();
    case 'topK':
    case 'bottomK': {
      const rank = (e: OracleEvent): number => Number(e.fields[orderBy ?? (field as string)]);
      const sign = feature.aggregate === 'topK' ? -1 : 1;
      const later = [...events].reverse();
      return later
        .sort((a, b) => (rank(a) - rank(b)) * sign)
        .slice(0, k)
        .map(e => e.fields[field as string]);
    }
    case 'distinct':
      return ascending([...new Set(values)]);
    case 'distinctCount':
      return new Set(values).size;
    case 'quantile':
      return n === 0 ? null : ascending(numbers)[Math.floor((feature.q as number) * (n - 1))];
    case 'histogram': {
      const counts = new Map<unknown, number>();
      for (const v of values) counts.set(v, (counts.get(v) ?? 0) + 1);
      return counts;
    }
    case 'decayed':
      return events.reduce(
        (a, e, i) => a + (numbers[i] as number) * 2 ** (-(q - e.time) / (feature.halfLife as number)),
        0,
      );
    default:
      throw new Error(`no oracle for ${feature.aggregate}`);
  }
}
