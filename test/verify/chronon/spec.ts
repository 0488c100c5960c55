/** What a vector file's values are: Chronon's columns, aggregations and windows, as the spec files have them. */
export interface Spec {
  readonly entity: string;
  /** The event's field that names the key, and the one that holds its time (ISO text or epoch ms). */
  readonly keyField: string;
  readonly ts: string;
  readonly columns: readonly SpecColumn[];
  readonly windows: readonly string[];
  readonly windowMs: readonly number[];
  readonly lifetime: boolean;
  readonly aggregations: readonly Aggregation[];
  /** Names of the positions of a row's values: by aggregation, then window, lifetime last. */
  readonly features: readonly string[];
}

export interface SpecColumn {
  readonly name: string;
  readonly type: 'long' | 'int' | 'double' | 'float' | 'string';
  /** The event's field, where it has another name. */
  readonly from?: string;
  /** Null unless the value is negative. */
  readonly when?: 'negative';
}

export const operations = [
  'COUNT',
  'SUM',
  'AVERAGE',
  'MIN',
  'MAX',
  'VARIANCE',
  'FIRST',
  'LAST',
  'FIRST_K',
  'LAST_K',
  'TOP_K',
  'BOTTOM_K',
  'UNIQUE_COUNT',
  'APPROX_UNIQUE_COUNT',
  'HISTOGRAM',
] as const;
export type Operation = (typeof operations)[number];

export interface Aggregation {
  readonly id: string;
  readonly operation: Operation;
  readonly column: string;
  readonly k?: number;
}

/** A value as JSON carries it. */
export type VectorValue =
  | null
  | string
  | number
  | readonly (string | number)[]
  | Readonly<Record<string, number>>;

/** Chronon's values for one key at one query time; `tie` names the positions whose value hangs on an open order. */
export interface VectorRow {
  readonly e: string;
  readonly k: string;
  readonly q: number;
  readonly v: readonly VectorValue[];
  readonly tie?: readonly number[];
}

/** An event of one key, its columns' values in the spec's order, floats rounded to 32 bits. */
export interface SpecEvent {
  readonly time: number;
  readonly columns: readonly (string | number | null)[];
}

/** Reads an event of the log as the spec's columns; null where it has no key. */
export function readEvent(
  spec: Spec,
  event: Readonly<Record<string, unknown>>,
): { key: string; event: SpecEvent } | null {
  const key = event[spec.keyField];
  if (key === null || key === undefined) return null;
  const ts = event[spec.ts];
  return {
    key: String(key),
    event: {
      time: typeof ts === 'number' ? ts : Date.parse(String(ts)),
      columns: spec.columns.map(column => {
        const value = (event[column.from ?? column.name] ?? null) as string | number | null;
        if (value === null || typeof value === 'string') return value;
        // −0 is kept: the platform makes it 0, and Chronon counts it apart.
        return column.type === 'float' ? Math.fround(value) : value;
      }),
    },
  };
}

/** The column's value as it is aggregated: null where its condition does not hold. */
export function columnValue(spec: Spec, column: number, event: SpecEvent): string | number | null {
  const value = event.columns[column] ?? null;
  if (spec.columns[column]!.when === 'negative' && !(typeof value === 'number' && value < 0)) return null;
  return value;
}

/** The position's aggregation and window. */
export function positionOf(
  spec: Spec,
  position: number,
): { aggregation: Aggregation; window: number | 'lifetime' } {
  const width = spec.windowMs.length + (spec.lifetime ? 1 : 0);
  return {
    aggregation: spec.aggregations[Math.floor(position / width)]!,
    window: spec.windowMs[position % width] ?? 'lifetime',
  };
}
