import { isAscii } from 'node:buffer';
import { type Decaying, type FeatureValue, JsonText } from '../kernel/index.ts';
import type { FinishedRow } from '../runtime/finish-row.ts';
import { errorOf, type Found, type FoundEntity, flagsOf, lacksOf } from '../runtime/read.ts';
import type { Segment } from '../runtime/vector.ts';
import { createLayouts, type Layout, type SegmentWriter, type Stretches } from './answer-layout.ts';
import type { JsonWriter } from './value-json.ts';

/**
 * The JSON of answers: the features' names once, and their values by entity in that order. Where the request says parts
 * of the key once (`shared`), the features of groups that need no other part stand once too, apart: those of the user
 * for whom items are ranked. Rows that entities have in common otherwise are written once and copied.
 */
export function createAnswerWriter(): AnswerWriter {
  const layoutFor = createLayouts();
  const out = new JsonText(Buffer.allocUnsafeSlow);

  function begin(layout: Layout, asOf: number): void {
    out.restart();
    out.put(layout.before);
    out.integer(asOf);
    out.put(layout.between);
  }

  function writeEntities(layout: Layout, entities: readonly FoundEntity[], gaps: Stretch[] | null): void {
    // One entity has nothing in common with others.
    const written = entities.length > 1 ? new Map<FinishedRow, Stretch[]>() : null;
    if (layout.shared !== undefined) writeShared(out, layout.shared, entities[0]!, gaps);
    out.ascii(',"entities":[');
    for (let i = 0; i < entities.length; i++) {
      if (i > 0) out.ascii(',');
      writeEntity(out, layout, entities[i]!, written, gaps);
    }
    out.ascii(']}');
  }

  return {
    write({ asOf, vector, entities }, shared) {
      const layout = layoutFor(vector, shared);
      begin(layout, asOf);
      writeEntities(layout, entities, null);
      return sent(out, isAscii(out.written()));
    },

    template({ asOf, vector, entities }, decaying, shared) {
      const layout = layoutFor(vector, shared);
      if (decayedAt(layout, decaying, 0, asOf) === null) return null;
      begin(layout, asOf);
      const start = out.length;
      const gaps: Stretch[] = [];
      writeEntities(layout, entities, gaps);
      const whole = out.bytes.subarray(start, out.length);
      const text = new Uint8Array(whole.length);
      const ends: number[] = [];
      let from = 0;
      let length = 0;
      for (const gap of [...gaps, { from: out.length, to: out.length }]) {
        text.set(whole.subarray(from, gap.from - start), length);
        length += gap.from - start - from;
        ends.push(length);
        from = gap.to - start;
      }
      return { layout, isAscii: isAscii(out.written()), text, ends };
    },

    fill({ layout, isAscii, text, at, ends, endsAt, decaying, decayingAt }, asOf) {
      const decayed = decayedAt(layout, decaying, decayingAt, asOf);
      if (decayed === null) return null;
      begin(layout, asOf);
      let from = at;
      for (let i = 0; i <= layout.decaying.length; i++) {
        const end = at + ends[endsAt + i]!;
        out.put(text.subarray(from, end));
        from = end;
        const segment = layout.decaying[i];
        if (segment === undefined) break;
        writeValues(out, segment.writers, decayed[segment.part]!, segment.decaying);
      }
      return sent(out, isAscii);
    },
  };
}

export interface AnswerWriter {
  write(found: Found, shared?: readonly string[]): string | Buffer;
  /** What stays of the answer about an entity that lasts; null while a value is flagged that decays. */
  template(found: Found, decaying: Decaying, shared?: readonly string[]): AnswerTemplate | null;
  /** The answer at another time; null again. */
  fill(template: PlacedTemplate, asOf: number): string | Buffer | null;
}

/** An answer without its time and without the values that decay. */
export interface AnswerTemplate {
  readonly layout: Layout;
  readonly isAscii: boolean;
  /** What comes after the features' names. */
  readonly text: Uint8Array;
  /** Where the text ends before each stretch of values that decay, and as a whole. */
  readonly ends: readonly number[];
}

/** A template somewhere in larger memory, with what decays. */
export interface PlacedTemplate extends Omit<AnswerTemplate, 'ends'> {
  readonly at: number;
  readonly ends: Float64Array;
  readonly endsAt: number;
  readonly decaying: ArrayLike<unknown>;
  readonly decayingAt: number;
}

/** The values that decay, by part; null where one of them is flagged. */
function decayedAt(
  { parts }: Layout,
  decaying: ArrayLike<unknown>,
  from: number,
  asOf: number,
): (readonly FeatureValue[])[] | null {
  const decayed: (readonly FeatureValue[])[] = [];
  let at = from;
  for (let p = 0; p < parts.length; p++) {
    const { decayingWidth } = parts[p]!;
    if (decayingWidth === 0) {
      decayed.push(nothing);
      continue;
    }
    const { values, flags } = parts[p]!.decay(decaying, at, asOf);
    if (flags !== null) return null;
    decayed.push(values);
    at += decayingWidth;
  }
  return decayed;
}

const nothing: readonly never[] = [];

/**
 * A short answer of ASCII is a string: HTTP sends its head and it in one piece, and the memory that it was written in serves
 * on. Long ones are bytes, which are not encoded once more.
 */
function sent(out: JsonText, isAscii: boolean): string | Buffer {
  return isAscii && out.length <= longestString
    ? (out.bytes as Buffer).toString('latin1', 0, out.length)
    : (out.cut(0) as Buffer);
}

const longestString = 16 << 10;

/** Where in the answer some values are. */
interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** `,"shared":{"features":["user_clicks_1h"],"values":[3]}` */
function writeShared(
  out: JsonText,
  { names, segments }: Stretches,
  entity: FoundEntity,
  gaps: Stretch[] | null,
): void {
  out.raw(`,"shared":{"features":${JSON.stringify(names)},"values":[`);
  for (const [s, segment] of segments.entries()) {
    if (s > 0) out.ascii(',');
    writeSegment(out, segment, entity.rows[segment.part]!, gaps);
  }
  out.ascii(']');
  writeFlags(out, segments, entity);
  out.ascii('}');
}

/** Writes an entity; `written` has where the rows of those before it are, which have their values in common. */
function writeEntity(
  out: JsonText,
  { own: { segments }, onDemand: writers }: Layout,
  entity: FoundEntity,
  written: Map<FinishedRow, Stretch[]> | null,
  gaps: Stretch[] | null,
): void {
  const { status, rows, onDemand } = entity;
  out.ascii('{"status":"');
  out.ascii(status);
  out.ascii('","values":[');
  for (let s = 0; s < segments.length; s++) {
    const segment = segments[s]!;
    const row = rows[segment.part]!;
    if (s > 0) out.ascii(',');
    const known = row.texts === undefined ? written?.get(row)?.[s] : undefined;
    if (known !== undefined) {
      out.repeat(known.from, known.to);
      continue;
    }
    const start = out.length;
    writeSegment(out, segment, row, gaps);
    if (written !== null && row.texts === undefined) {
      const stretches = written.get(row) ?? [];
      stretches[s] = { from: start, to: out.length };
      written.set(row, stretches);
    }
  }
  if (writers.length > 0) {
    if (segments.length > 0) out.ascii(',');
    writeValues(out, writers, onDemand, 0);
  }
  out.ascii(']');
  writeFlags(out, segments, entity);
  const lacks = lacksOf(entity);
  if (lacks !== 0) out.ascii(`,"lacks":${lacks}`);
  const error = errorOf(entity);
  if (error !== undefined) out.raw(`,"error":${JSON.stringify(error)}`);
  out.ascii('}');
}

/**
 * Of a row that is kept, what does not decay is written once and copied from then on. Notes in `gaps`, where they are asked
 * for, what decays.
 */
function writeSegment(out: JsonText, segment: SegmentWriter, row: FinishedRow, gaps: Stretch[] | null): void {
  const { place, from, decaying, writers } = segment;
  if (decaying >= 0) {
    const start = out.length;
    writeValues(out, writers, row.decaying, decaying);
    gaps?.push({ from: start, to: out.length });
    return;
  }
  const known = row.texts?.known[place];
  if (known !== undefined) {
    out.put(known);
    return;
  }
  const start = out.length;
  writeValues(out, writers, row.values(), from);
  row.texts?.put(place, out.cut(start));
}

function writeFlags(out: JsonText, segments: readonly Segment[], entity: FoundEntity): void {
  const flags = flagsOf(segments, entity);
  if (flags !== undefined) out.raw(`,"flags":${JSON.stringify(flags)}`);
}

/** The values from `from` on, one a writer, with commas between. */
function writeValues(
  out: JsonText,
  writers: readonly JsonWriter[],
  values: readonly FeatureValue[],
  from: number,
): void {
  for (let i = 0; i < writers.length; i++) {
    if (i > 0) out.ascii(',');
    writers[i]!(out, values[from + i]!);
  }
}
