import { cellCodec } from '../codec/cells.ts';
import type { ValueCodec } from '../codec/values.ts';
import { compareScalars } from '../compare.ts';
import type { ScalarValue } from '../value-type.ts';
import type { NumericAggregator, ObjectAggregator } from './aggregator.ts';

/** The smallest or largest number: one cell, infinite while empty. `integers` chooses the shorter encoding. */
export function numericExtreme(which: 'min' | 'max', integers: boolean): NumericAggregator {
  const empty = which === 'min' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  const update: NumericAggregator['update'] =
    which === 'min'
      ? (cells, at, input: number) => {
          if (input < (cells[at] as number)) cells[at] = input;
        }
      : (cells, at, input: number) => {
          if (input > (cells[at] as number)) cells[at] = input;
        };
  return {
    shape: 'numeric',
    identity: [empty],
    update,
    merge: (into, at, from, fromAt) => update(into, at, from[fromAt] as never, 0),
    ...cellCodec(integers ? 'safe-int' : 'number'),
  };
}

export interface Extreme {
  value: ScalarValue | null;
}

/** The smallest or largest string (by code point) or int64. */
export function scalarExtreme(which: 'min' | 'max', codec: ValueCodec): ObjectAggregator<Extreme> {
  const sign = which === 'min' ? -1 : 1;
  const offer = (partial: Extreme, value: ScalarValue | null): void => {
    if (value === null) return;
    if (partial.value === null || compareScalars(value, partial.value) * sign > 0) partial.value = value;
  };
  return {
    shape: 'object',
    create: () => ({ value: null }),
    update: (partial, input: ScalarValue) => offer(partial, input),
    merge: (into, from) => offer(into, from.value),
    encode: (w, partial) => codec.write(w, partial.value as ScalarValue),
    decode: r => ({ value: codec.read(r) as ScalarValue }),
    skip: codec.skip,
  };
}
