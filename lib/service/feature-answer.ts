import type { Value } from '../kernel/value-type.ts';
import type { FinishedRow } from '../runtime/group-view.ts';
import { errorOf, type Found, type FoundEntity, flagsOf, lacksOf } from '../runtime/read.ts';
import type { Vector } from '../runtime/vector.ts';
import { jsonWriter } from './value-json.ts';

/**
 * The JSON of answers: the features' names once, and their values by entity in that order. What entities have in
 * common, as the user has for whom items are ranked, is written once and copied.
 */
export function createAnswerWriter(): (found: Found) => string {
  const layouts = new WeakMap<Vector, Layout>();
  return ({ asOf, vector, entities }) => {
    const layout = layouts.get(vector) ?? layoutOf(vector);
    layouts.set(vector, layout);
    const written = new Map<FinishedRow, readonly string[]>();
    const texts = entities.map(entity => entityJson(vector, layout, entity, written));
    return `${layout.before}${asOf}${layout.between}[${texts.join(',')}]}`;
  };
}

interface Layout {
  /** `{"service":"ranking","asOf":` */
  readonly before: string;
  /** `,"features":["clicks_1h"],"entities":` */
  readonly between: string;
  readonly segments: readonly {
    readonly part: number;
    readonly from: number;
    readonly writers: readonly ValueWriter[];
  }[];
  readonly onDemand: readonly ValueWriter[];
}

type ValueWriter = (value: Value) => string;

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

function entityJson(
  vector: Vector,
  layout: Layout,
  entity: FoundEntity,
  written: Map<FinishedRow, readonly string[]>,
): string {
  const { status, rows, onDemand } = entity;
  let values = '';
  for (let s = 0; s < layout.segments.length; s++) {
    const row = rows[layout.segments[s]!.part]!;
    let texts = written.get(row);
    if (texts === undefined) {
      texts = layout.segments.map(({ part, from, writers }) =>
        rows[part] === row ? listed(writers, row.values, from) : '',
      );
      written.set(row, texts);
    }
    values += (values === '' ? '' : ',') + texts[s]!;
  }
  if (onDemand.length > 0) values += `,${listed(layout.onDemand, onDemand, 0)}`;
  const flags = flagsOf(vector, entity);
  const lacks = lacksOf(entity);
  const error = errorOf(entity);
  const more =
    (flags === undefined ? '' : `,"flags":${JSON.stringify(flags)}`) +
    (lacks === 0 ? '' : `,"lacks":${lacks}`) +
    (error === undefined ? '' : `,"error":${JSON.stringify(error)}`);
  return `{"status":"${status}","values":[${values}]${more}}`;
}

/** The JSON of the values from `from` on, one a writer, with commas between. */
function listed(writers: readonly ValueWriter[], values: readonly Value[], from: number): string {
  let text = '';
  for (let i = 0; i < writers.length; i++)
    text += (i === 0 ? '' : ',') + writers[i]!(values[from + i] as Value);
  return text;
}
