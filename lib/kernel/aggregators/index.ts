import type { Reader, Writer } from '../codec/bytes.ts';
import { readText, skipText, writeText } from '../codec/text.ts';
import { valueCodec } from '../codec/values.ts';
import type { Tie } from '../compare.ts';
import type { SlotPlan, StreamPlan } from '../plan.ts';
import type { Position } from '../position.ts';
import type { ValueType } from '../value-type.ts';
import type { Aggregator, TieCodec } from './aggregator.ts';
import { approxDistinct } from './approx-distinct.ts';
import { count } from './count.ts';
import { decayed } from './decayed.ts';
import { distinct, histogram } from './distinct.ts';
import { numericExtreme, scalarExtreme } from './extremes.ts';
import { type GroupedAggregator, grouped } from './grouped.ts';
import { heavyHitters } from './heavy-hitters.ts';
import { moments } from './moments.ts';
import { ordered } from './ordered.ts';
import { quantileSketch } from './quantile.ts';
import { ranked } from './ranked.ts';
import { single } from './single.ts';
import { floatSum, int64Sum, intSum } from './sum.ts';

/** The aggregator of a slot, before its `by`. */
function innerAggregator(slot: SlotPlan, stream: StreamPlan): Aggregator {
  const { input, options = {} } = slot;
  const type = input?.type ?? { kind: 'bool' };
  const k = options.k ?? 1;
  switch (slot.aggregator) {
    case 'count':
      return count;
    case 'sum':
      return type.kind === 'int64' ? int64Sum : type.kind === 'float' ? floatSum : intSum;
    case 'moments':
      return moments;
    case 'min':
    case 'max':
      return type.kind === 'string' || type.kind === 'int64'
        ? scalarExtreme(slot.aggregator, valueCodec(type))
        : numericExtreme(slot.aggregator, type.kind !== 'float');
    case 'first':
    case 'last':
      return single(slot.aggregator, type, tieCodec(stream));
    case 'firstK':
      return ordered('first', k, type, tieCodec(stream));
    case 'lastK':
      return ordered('last', k, type, tieCodec(stream));
    case 'topK':
    case 'bottomK':
      return ranked(
        slot.aggregator === 'topK' ? 'top' : 'bottom',
        k,
        type,
        slot.orderBy?.type ?? null,
        tieCodec(stream),
      );
    case 'distinct':
      return distinct(type, options.limit ?? defaultLimit);
    case 'histogram':
      return histogram(type, options.limit ?? defaultLimit);
    case 'approxDistinct':
      return approxDistinct(options.precision ?? defaultPrecision);
    case 'quantile':
      return quantileSketch(options.accuracy ?? defaultAccuracy);
    case 'heavyHitters':
      return heavyHitters(type, options.limit ?? defaultLimit);
    case 'decayed':
      return decayed(options.halfLifeMs as number);
  }
}

export function aggregatorOf(slot: SlotPlan, stream: StreamPlan): Aggregator | GroupedAggregator {
  const inner = innerAggregator(slot, stream);
  return slot.by === undefined ? inner : grouped(inner, slot.by.key.type, slot.by.limit);
}

export const defaultLimit = 1024;
const defaultPrecision = 12;
export const defaultAccuracy = 0.01;

/** How inputs reach the aggregator: some take another type than the expression's own. */
export function inputAs(slot: SlotPlan): ValueType | null {
  const wantsFloat =
    slot.aggregator === 'moments' || slot.aggregator === 'quantile' || slot.aggregator === 'decayed';
  return wantsFloat ? { kind: 'float' } : null;
}

export function tieCodec(stream: StreamPlan): TieCodec {
  const id = stream.schema.find(f => f.name === stream.dedupe?.by);
  if (id === undefined)
    return { write: writePosition, read: readPosition, skip: skipPosition, check: checkPosition };
  const codec = valueCodec(id.type);
  return {
    write: (w, tie) => codec.write(w, tie as never),
    read: r => codec.read(r) as Tie,
    skip: codec.skip,
    check: codec.check,
  };
}

export function writePosition(w: Writer, tie: Tie): void {
  const { shard, sequence, index } = tie as Position;
  writeText(w, shard);
  writeSequence(w, sequence);
  w.uint(index);
}

export const readPosition = (r: Reader): Position => ({
  shard: readText(r),
  sequence: readSequence(r),
  index: r.uint(),
});

function skipPosition(r: Reader): void {
  skipText(r);
  if (r.byte() === 0) r.skipUint();
  else r.skipBigint();
  r.skipUint();
}

const checkPosition = (r: Reader): void => void readPosition(r);

/** 0 and a varint, or 1 and a wide integer. */
function writeSequence(w: Writer, sequence: number | bigint): void {
  if (typeof sequence === 'number') {
    w.byte(0);
    w.uint(sequence);
  } else {
    w.byte(1);
    w.bigint(sequence);
  }
}

const readSequence = (r: Reader): number | bigint => (r.byte() === 0 ? r.uint() : r.bigint());
