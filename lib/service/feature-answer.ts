import { type FeatureValue, JsonText } from '../kernel/index.ts';
import type { FinishedRow } from '../runtime/group-view.ts';
import { errorOf, type Found, type FoundEntity, flagsOf, lacksOf } from '../runtime/read.ts';
import type { Vector } from '../runtime/vector.ts';
import { type JsonWriter, jsonWriter } from './value-json.ts';

/**
 * The JSON of answers: the features' names once, and their values by entity in that order. What entities have in
 * common, as the user has for whom items are ranked, is written once and copied.
 */
export function createAnswerWriter(): (found: Found) => string | Buffer {
  const layouts = new WeakMap<Vector, Layout>();
  let out = new JsonText();
  return ({ asOf, vector, entities }) => {
    const layout = layouts.get(vector) ?? layoutOf(vector);
    layouts.set(vector, layout);
    const written = new Map<FinishedRow, Stretch[]>();
    out.clear();
    out.raw(layout.before);
    out.integer(asOf);
    out.raw(layout.between);
    out.ascii('[');
    for (let i = 0; i < entities.length; i++) {
      if (i > 0) out.ascii(',');
      writeEntity(out, vector, layout, entities[i]!, entities.length > 1 ? written : null);
    }
    out.ascii(']}');
    const answer = textOf(out);
    // What one large answer took is not kept for ever.
    if (out.bytes.length > mostKept) out = new JsonText();
    return answer;
  };
}

/** The server sends a short string together with its head; of a long one it would make a copy more. */
function textOf({ bytes, at, isAscii }: JsonText): string | Buffer {
  if (at > longestString) return Buffer.from(bytes.subarray(0, at));
  return Buffer.from(bytes.buffer, 0, at).toString(isAscii ? 'latin1' : 'utf8');
}

const longestString = 64 * 1024;
const mostKept = 8 << 20;

interface Layout {
  /** `{"service":"ranking","asOf":` */
  readonly before: string;
  /** `,"features":["clicks_1h"],"entities":` */
  readonly between: string;
  readonly segments: readonly {
    readonly part: number;
    readonly from: number;
    readonly writers: readonly JsonWriter[];
  }[];
  readonly onDemand: readonly JsonWriter[];
}

/** Where in the answer a row's values in one segment are. */
interface Stretch {
  readonly from: number;
  readonly to: number;
}

function layoutOf({ kind, name, outputs, parts, segments, onDemand }: Vector): Layout {
  return {
    before: `{${JSON.stringify(kind)}:${JSON.stringify(name)},"asOf":`,
    between: `,"features":${JSON.stringify(outputs.map(o => o.name))},"entities":`,
    segments: segments.map(({ part, from, names }) => ({
      part,
      from,
      writers: names.map((_, i) => jsonWriter(parts[part]!.outputs[from + i]!.type)),
    })),
    onDemand: onDemand.map(({ type }) => jsonWriter(type)),
  };
}

/** Writes an entity; `written` has where the rows of entities before it were, which have their values in common. */
function writeEntity(
  out: JsonText,
  vector: Vector,
  layout: Layout,
  entity: FoundEntity,
  written: Map<FinishedRow, Stretch[]> | null,
): void {
  const { status, rows, onDemand } = entity;
  out.ascii(`{"status":"${status}","values":[`);
  for (let s = 0; s < layout.segments.length; s++) {
    const { part, from, writers } = layout.segments[s]!;
    const row = rows[part]!;
    if (s > 0) out.ascii(',');
    const known = written?.get(row)?.[s];
    if (known !== undefined) {
      out.repeat(known.from, known.to);
      continue;
    }
    const start = out.at;
    writeValues(out, writers, row.values, from);
    if (written !== null) {
      const stretches = written.get(row) ?? [];
      stretches[s] = { from: start, to: out.at };
      written.set(row, stretches);
    }
  }
  if (onDemand.length > 0) {
    out.ascii(',');
    writeValues(out, layout.onDemand, onDemand, 0);
  }
  out.ascii(']');
  const flags = flagsOf(vector, entity);
  if (flags !== undefined) out.raw(`,"flags":${JSON.stringify(flags)}`);
  const lacks = lacksOf(entity);
  if (lacks !== 0) out.ascii(`,"lacks":${lacks}`);
  const error = errorOf(entity);
  if (error !== undefined) out.raw(`,"error":${JSON.stringify(error)}`);
  out.ascii('}');
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
