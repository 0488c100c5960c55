import { Reader } from './codec/bytes.ts';
import type { ValueCodec } from './codec/values.ts';
import { comma, type JsonText } from './json-text.ts';
import type { Value } from './value-type.ts';

/**
 * A list of values that is still in a row's bytes, for readers who write it out: of a sequence of fifty structs they
 * need the JSON and not the objects. That they decode without an error was seen to by who made it.
 */
export class EncodedList {
  readonly #bytes: Uint8Array;
  readonly #places: Int32Array;
  readonly #first: number;
  readonly #codec: ValueCodec;

  /** The values at `places`, the last of these first, down to the one with the index `first`. */
  constructor(bytes: Uint8Array, places: Int32Array, first: number, codec: ValueCodec) {
    this.#bytes = bytes;
    this.#places = places;
    this.#first = first;
    this.#codec = codec;
  }

  values(): Value[] {
    const r = reader;
    r.reset(this.#bytes);
    const values: Value[] = [];
    for (let i = this.#places.length - 1; i >= this.#first; i--) {
      r.at = this.#places[i] as number;
      values.push(this.#codec.read(r));
    }
    return values;
  }

  /** As JSON, as values of the type are written otherwise. */
  writeJson(out: JsonText): void {
    const r = reader;
    const codec = this.#codec;
    const places = this.#places;
    r.reset(this.#bytes);
    out.byte(open);
    for (let i = places.length - 1; i >= this.#first; i--) {
      if (i < places.length - 1) out.byte(comma);
      r.at = places[i] as number;
      codec.writeJson(r, out);
    }
    out.byte(close);
  }
}

/** A feature's value in memory form, or a list that is not decoded yet. */
export type FeatureValue = Value | EncodedList;

/** The value, decoded. */
export const decoded = (value: FeatureValue): Value =>
  value instanceof EncodedList ? value.values() : value;

// One serves all lists: reading them never waits in between.
const reader = new Reader(new Uint8Array());
const open = 0x5b;
const close = 0x5d;
