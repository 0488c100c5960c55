import { isAscii } from 'node:buffer';
import { type FeatureValue, JsonText } from '../kernel/index.ts';
import type { FinishedRow } from '../runtime/finish-row.ts';
import { errorOf, type Found, type FoundEntity, flagsOf, lacksOf } from '../runtime/read.ts';
import type { Segment, Vector } from '../runtime/vector.ts';
import { type JsonWriter, jsonWriter } from './value-json.ts';

/**
 * The JSON of answers: the features' names once, and their values by entity in that order. Where the request says parts
 * of the key once (`shared`), the features of groups that need no other part stand once too, apart: those of the user
 * for whom items are ranked. Rows that entities have in common otherwise are written once and copied.
 */
export function createAnswerWriter(): (found: Found, shared?: readonly string[]) => string | Buffer {
  const layouts = new WeakMap<Vector, Map<string, Layout>>();
  const layoutFor = (vector: Vector, shared: readonly string[] | undefined): Layout => {
    const known = layouts.get(vector) ?? new Map<string, Layout>();
    layouts.set(vector, known);
    const isShared =
      shared && vector.parts.map(({ keyParts }) => keyParts.every(part => shared.includes(part)));
    const way = isShared?.join() ?? '';
    const layout = known.get(way) ?? layoutOf(vector, isShared);
    known.set(way, layout);
    return layout;
  };
  const out = new JsonText(Buffer.allocUnsafeSlow);

  return ({ asOf, vector, entities }, shared) => {
    const layout = layoutFor(vector, shared);
    // One entity has nothing in common with others.
    const written = entities.length > 1 ? new Map<FinishedRow, Stretch[]>() : null;
    out.restart();
    out.put(layout.before);
    out.integer(asOf);
    out.put(layout.between);
    if (layout.shared !== undefined) writeShared(out, layout.shared, entities[0]!);
    out.ascii(',"entities":[');
    for (let i = 0; i < entities.length; i++) {
      if (i > 0) out.ascii(',');
      writeEntity(out, layout, entities[i]!, written);
    }
    out.ascii(']}');
    return sent(out);
  };
}

/**
 * A short answer of ASCII is a string: HTTP sends its head and it in one piece, and the memory that it was written in serves
 * on. Long ones are bytes, which are not encoded once more.
 */
function sent(out: JsonText): string | Buffer {
  const bytes = out.written() as Buffer;
  return bytes.length <= longestString && isAscii(bytes) ? bytes.toString('latin1') : (out.cut(0) as Buffer);
}

const longestString = 16 << 10;

interface Layout {
  /** `{"service":"ranking","asOf":` */
  readonly before: Uint8Array;
  /** `,"features":["clicks_1h"]` */
  readonly between: Uint8Array;
  /** What stands once. */
  readonly shared: Stretches | undefined;
  /** What stands in each entity. */
  readonly own: Stretches;
  readonly onDemand: readonly JsonWriter[];
}

/** Stretches of a vector's features, with what writes their values. */
interface Stretches {
  readonly names: readonly string[];
  readonly segments: readonly SegmentWriter[];
  /** Those whose values decay. */
  readonly decaying: readonly SegmentWriter[];
}

interface SegmentWriter extends Segment {
  readonly writers: readonly JsonWriter[];
}

/** Where in the answer some values are. */
interface Stretch {
  readonly from: number;
  readonly to: number;
}

function layoutOf(vector: Vector, isShared: readonly boolean[] | undefined): Layout {
  const { kind, name, onDemand } = vector;
  const own = stretchesOf(vector, part => isShared?.[part] !== true);
  const names = [...own.names, ...onDemand.map(o => o.name)];
  return {
    before: Buffer.from(`{${JSON.stringify(kind)}:${JSON.stringify(name)},"asOf":`),
    between: Buffer.from(`,"features":${JSON.stringify(names)}`),
    shared: isShared && stretchesOf(vector, part => isShared[part] === true),
    own,
    onDemand: onDemand.map(({ type }) => jsonWriter(type)),
  };
}

function stretchesOf({ parts, segments }: Vector, has: (part: number) => boolean): Stretches {
  const some = segments
    .filter(({ part }) => has(part))
    .map(segment => ({
      ...segment,
      writers: segment.names.map((_, i) => jsonWriter(parts[segment.part]!.outputs[segment.from + i]!.type)),
    }));
  return {
    names: some.flatMap(({ names }) => names),
    segments: some,
    decaying: some.filter(({ decaying }) => decaying >= 0),
  };
}

/** `,"shared":{"features":["user_clicks_1h"],"values":[3]}` */
function writeShared(out: JsonText, { names, segments }: Stretches, entity: FoundEntity): void {
  out.raw(`,"shared":{"features":${JSON.stringify(names)},"values":[`);
  for (const [s, segment] of segments.entries()) {
    if (s > 0) out.ascii(',');
    writeSegment(out, segment, entity.rows[segment.part]!);
  }
  out.ascii(']');
  writeFlags(out, segments, entity);
  out.ascii('}');
}

/** Writes an entity; `written` has where the rows of those before it are, which have their values in common. */
function writeEntity(
  out: JsonText,
  layout: Layout,
  entity: FoundEntity,
  written: Map<FinishedRow, Stretch[]> | null,
): void {
  const { text } = entity;
  // What is shared stands elsewhere, and a flag may come and go with the time.
  if (text === undefined || layout.shared !== undefined || isFlagged(entity)) {
    writeWhole(out, layout, entity, written);
  } else if (text.pieces !== null) {
    writePieces(out, layout, entity, text.pieces);
  } else {
    const gaps: Stretch[] = [];
    const start = out.length;
    writeWhole(out, layout, entity, written, gaps);
    const ends = [...gaps.map(({ from }) => from), out.length];
    text.keep(ends.map((end, i) => out.cut(i === 0 ? start : gaps[i - 1]!.to, end)));
  }
}

function isFlagged({ rows }: FoundEntity): boolean {
  for (let p = 0; p < rows.length; p++) if (rows[p]!.flags.length > 0) return true;
  return false;
}

/** Writes an entity from its kept text, with the values that decay in between. */
function writePieces(
  out: JsonText,
  { own: { decaying } }: Layout,
  { rows }: FoundEntity,
  pieces: readonly Uint8Array[],
): void {
  out.put(pieces[0]!);
  for (let i = 0; i < decaying.length; i++) {
    writeSegment(out, decaying[i]!, rows[decaying[i]!.part]!);
    out.put(pieces[i + 1]!);
  }
}

/** Writes an entity value by value; notes in `gaps` where those are that decay. */
function writeWhole(
  out: JsonText,
  { own: { segments }, onDemand: writers }: Layout,
  entity: FoundEntity,
  written: Map<FinishedRow, Stretch[]> | null,
  gaps: Stretch[] = [],
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
    writeSegment(out, segment, row);
    if (segment.decaying >= 0) gaps.push({ from: start, to: out.length });
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

/** Of a row that is kept, what does not decay is written once and copied from then on. */
function writeSegment(out: JsonText, segment: SegmentWriter, row: FinishedRow): void {
  const { place, from, decaying, writers } = segment;
  if (decaying >= 0) {
    writeValues(out, writers, row.decaying, decaying);
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
