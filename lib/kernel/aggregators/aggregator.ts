import type { Reader, Writer } from '../codec/bytes.ts';
import type { CellCodec } from '../codec/cells.ts';
import type { Tie } from '../compare.ts';
import type { FeatureValue } from '../encoded-list.ts';
import type { Value } from '../value-type.ts';

/**
 * An aggregator is a commutative monoid over events: an identity, an associative and commutative merge, and an
 * update that merges one event (DESIGN, rule 3). Two shapes of partial exist.
 *
 * Numeric: a fixed number of doubles in a shared array, from `at` on, so that a tile of many aggregates is one run
 * of memory. Object: anything else, made when its first value comes.
 *
 * `update` is called only for events that pass the filter and whose input is not null.
 */
export type Aggregator = NumericAggregator | ObjectAggregator<unknown>;

export interface NumericAggregator extends CellCodec {
  readonly shape: 'numeric';
  /** The cells of the empty partial; their number is the partial's size. While it is empty, and only then, its first is this. */
  readonly identity: readonly number[];
  update(cells: number[], at: number, input: never, time: number): void;
  merge(into: number[], at: number, from: readonly number[], fromAt: number): void;
}

export interface ObjectAggregator<P> {
  readonly shape: 'object';
  create(): P;
  update(partial: P, input: never, time: number, tie: Tie, rank: Value): void;
  /** Leaves `from` as it is and shares nothing mutable with it afterwards. */
  merge(into: P, from: P): void;
  /** Times are written as distances from `origin`: the tile's start, or, of what is kept once for a row, its newest time. */
  encode(w: Writer, partial: P, origin: number): void;
  decode(r: Reader, origin: number): P;
  /** Passes over an encoded partial. */
  skip(r: Reader): void;
  /**
   * `update` of an encoded partial, all that `r` has, where that can be done without decoding it: `same`, where it stays
   * what it is; `written`, where what it became was written; `open`, where it has to be decoded after all.
   */
  refold?(r: Reader, w: Writer, origin: number, input: never, time: number, tie: Tie, rank: Value): Refolded;
  /** How reads merge encoded partials, where that can be done without making each. */
  readonly gatherer?: Gatherer<unknown>;
}

export type Refolded = 'same' | 'written' | 'open';

/**
 * Merges encoded partials into something that serves row after row, and that finishes to the value which their merged
 * partial finishes to.
 */
export interface Gatherer<G> {
  create(): G;
  clear(g: G): void;
  absorb(into: G, r: Reader, origin: number): void;
  merge(into: G, from: G): void;
}

/** An object aggregator whose partial, kept once for a row, can forget what is too old for every window. */
export interface RecentAggregator<P> extends ObjectAggregator<P> {
  isEmpty(partial: P): boolean;
  dropBefore(partial: P, start: number): void;
  /** As `encode`, `decode` and `skip`, for a form in which updates need not look at what they do not touch. */
  writeKept(w: Writer, partial: P, origin: number): void;
  readKept(r: Reader, origin: number): P;
  skipKept(r: Reader): void;
}

/** How a stream's ties become bytes: its event ids, or positions where it declares none. */
export interface TieCodec {
  write(w: Writer, tie: Tie): void;
  read(r: Reader): Tie;
  skip(r: Reader): void;
  /** Passes over a tie, and throws where `read` would. */
  check(r: Reader): void;
}

/** A finished value, or null; with a flag where it is not the whole truth. */
export interface Finished {
  readonly value: FeatureValue;
  readonly flag?: Flag;
}

export const flags = [
  'overflow', // a bounded set, map or histogram met more keys than it keeps
  'out-of-range', // a total that its type cannot hold; the value is null
  'estimated', // heavy hitters beyond their sample
] as const;
export type Flag = (typeof flags)[number];
