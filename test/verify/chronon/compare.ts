import { inChrononsWindow, inWindow, naive } from './naive.ts';
import {
  columnValue,
  positionOf,
  type Spec,
  type SpecEvent,
  type VectorRow,
  type VectorValue,
} from './spec.ts';

/**
 * How a value of ours stands to Chronon's. Beside `equal`, each verdict but `different` is a difference that the
 * vectors' NOTICE lists, and is given only where its cause is shown to be there.
 */
export const verdicts = [
  'equal', // as the aggregation asks: identical, or within the bound of its arithmetic
  'tie', // the row says that Chronon's value hangs on an open order; ours is the naive aggregation's in file order
  'empty', // nothing in the window: Chronon has null, ours is 0 or empty (rule 7)
  'histogram tie', // Chronon dropped a bucket although counts at the k-th place tie with smaller values'
  'zero sign', // Chronon counts 0.0 and −0.0 as two values
  'before 1970', // Chronon rounds times before 1970 towards zero, we round down
  'sketch, no truth', // a sketch's estimate whose true count the vectors do not hold, checked against the events
  'different',
] as const;
export type Verdict = (typeof verdicts)[number];

/** All events of the row's key, and our values in the spec's order of positions. */
export interface Comparison {
  readonly spec: Spec;
  readonly row: VectorRow;
  readonly events: readonly SpecEvent[];
  readonly ours: readonly VectorValue[];
}

/** Of an estimate of `truth` with 2^12 registers (standard error 1.04 / 64): five of them, and 2 for small counts. */
const sketchBound = (truth: number): number => Math.max(2, 5 * 0.01625 * truth);

export function judge(c: Comparison, position: number): Verdict {
  const { spec, row } = c;
  const { aggregation, window } = positionOf(spec, position);
  const theirs = row.v[position] ?? null;
  const ours = c.ours[position] ?? null;
  const rounded = spec.columns.find(column => column.name === aggregation.column)?.type === 'float';

  if (row.tie?.includes(position)) {
    const truth = naive(spec, aggregation, inWindow(c.events, window, row.q));
    return isEqual(c, position, ours, truth, rounded) ? 'tie' : 'different';
  }

  if (aggregation.operation === 'APPROX_UNIQUE_COUNT') {
    const exact = spec.aggregations.findIndex(
      a => a.operation === 'UNIQUE_COUNT' && a.column === aggregation.column,
    );
    const width = row.v.length / spec.aggregations.length;
    const truth =
      exact >= 0
        ? ((row.v[exact * width + (position % width)] ?? 0) as number)
        : (naive(spec, aggregation, inWindow(c.events, window, row.q)) as number);
    if (typeof ours !== 'number' || Math.abs(ours - truth) > sketchBound(truth)) return 'different';
    if (exact < 0) return 'sketch, no truth';
    return truth === 0 ? 'empty' : 'equal';
  }
  if (isEqual(c, position, ours, theirs, rounded)) return 'equal';

  const inside = inWindow(c.events, window, row.q);
  const column = spec.columns.findIndex(x => x.name === aggregation.column);
  if (theirs === null && isEmptyValue(ours) && inside.every(e => columnValue(spec, column, e) === null))
    return 'empty';

  // What follows is a difference of meaning: ours must be what the naive aggregation has under our rules.
  if (!isEqual(c, position, ours, naive(spec, aggregation, inside), rounded)) return 'different';
  if (aggregation.operation === 'HISTOGRAM' && droppedOnTie(theirs, spec, c, position))
    return 'histogram tie';
  if (aggregation.operation === 'UNIQUE_COUNT' && bothZeros(inside.map(e => columnValue(spec, column, e)))) {
    if (theirs === (ours as number) + 1) return 'zero sign';
  }
  if (c.events.some(e => e.time < 0)) {
    const chronons = inChrononsWindow(c.events, window, row.q);
    const expected = chronons.every(e => columnValue(spec, column, e) === null)
      ? null
      : naive(spec, aggregation, chronons);
    if (isEqual(c, position, expected, theirs, rounded)) return 'before 1970';
  }
  return 'different';
}

function isEqual(
  c: Comparison,
  position: number,
  ours: VectorValue,
  theirs: VectorValue,
  rounded: boolean,
): boolean {
  const { aggregation, window } = positionOf(c.spec, position);
  switch (aggregation.operation) {
    case 'SUM':
    case 'AVERAGE':
    case 'VARIANCE': {
      if (typeof ours !== 'number' || typeof theirs !== 'number') return ours === theirs;
      if (ours === theirs) return true;
      const column = c.spec.columns.findIndex(x => x.name === aggregation.column);
      if (aggregation.operation === 'SUM' && /long|int/.test(c.spec.columns[column]!.type)) return false;
      if (Math.abs(ours - theirs) <= 1e-9 * Math.abs(theirs)) return true;
      return Math.abs(ours - theirs) <= 1e-9 * scaleOf(c, position, column, window);
    }
    default:
      return sameJson(ours, theirs, rounded);
  }
}

/** What errors are measured by where values cancel: Σ|x| for a sum, its mean for an average, the mean square. */
function scaleOf(c: Comparison, position: number, column: number, window: number | 'lifetime'): number {
  const { operation } = positionOf(c.spec, position).aggregation;
  const values = inWindow(c.events, window, c.row.q)
    .map(e => columnValue(c.spec, column, e))
    .filter(v => typeof v === 'number');
  if (operation === 'VARIANCE') return 1e-3 * mean(values.map(v => v * v));
  const sum = values.reduce((a, v) => a + Math.abs(v), 0);
  return operation === 'SUM' ? sum : sum / values.length;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

function sameJson(a: VectorValue, b: VectorValue, rounded: boolean): boolean {
  if (a === b) return true;
  if (typeof a === 'number' && typeof b === 'number') return rounded && Math.fround(a) === Math.fround(b);
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((x, i) => sameJson(x, b[i], rounded));
  }
  if (Array.isArray(b)) return false;
  const [x, y] = [a as Record<string, number>, b as Record<string, number>];
  const keys = Object.keys(x);
  return (
    keys.length === Object.keys(y).length && keys.every(key => Object.hasOwn(y, key) && x[key] === y[key])
  );
}

const isEmptyValue = (value: VectorValue): boolean =>
  value === 0 || (value !== null && typeof value === 'object' && Object.keys(value).length === 0);

/** Chronon's histogram is k true buckets of more, and some bucket left out is not larger than all others by right. */
function droppedOnTie(theirs: VectorValue, spec: Spec, c: Comparison, position: number): boolean {
  if (theirs === null || typeof theirs !== 'object' || Array.isArray(theirs)) return false;
  const { aggregation, window } = positionOf(spec, position);
  const all = naive(
    spec,
    { ...aggregation, k: Number.POSITIVE_INFINITY },
    inWindow(c.events, window, c.row.q),
  );
  const truth = all as Readonly<Record<string, number>>;
  const counts = Object.values(truth).sort((a, b) => b - a);
  const k = aggregation.k ?? 0;
  const kept = Object.entries(theirs as Record<string, number>);
  return (
    counts.length > k &&
    kept.length === k &&
    kept.every(([key, n]) => Object.hasOwn(truth, key) && truth[key] === n) &&
    // Some count occurs on both sides of the cut.
    kept.some(([, n]) => counts.filter(x => x === n).length > kept.filter(([, x]) => x === n).length)
  );
}

const bothZeros = (values: readonly (string | number | null)[]): boolean =>
  values.some(v => Object.is(v, 0)) && values.some(v => Object.is(v, -0));
