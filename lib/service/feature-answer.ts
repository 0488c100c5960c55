import type { Value } from '../kernel/value-type.ts';
import type { FinishedRow } from '../runtime/group-view.ts';
import { errorOf, type Found, type FoundEntity, flagsOf, lacksOf } from '../runtime/read.ts';
import type { Segment, Vector } from '../runtime/vector.ts';
import { jsonWriter } from './value-json.ts';

/**
 * The JSON of answers: the features' names once, and their values by entity in that order. Where the request says parts
 * of the key once (`shared`), the features of groups that need no other part stand once too, apart: those of the user
 * for whom items are ranked. Rows that entities have in common otherwise are written once and copied.
 */
export function createAnswerWriter(): (found: Found, shared?: readonly string[]) => string {
  const layouts = new WeakMap<Vector, Map<string, Layout>>();
  const layoutFor = (vector: Vector, shared: readonly string[] | undefined): Layout => {
    const known = layouts.get(vector) ?? new Map<string, Layout>();
    layouts.set(vector, known);
    const isShared = vector.parts.map(
      ({ keyParts }) => shared !== undefined && keyParts.every(k => shared.includes(k)),
    );
    const way = shared === undefined ? '' : isShared.join();
    const layout = known.get(way) ?? layoutOf(vector, shared === undefined ? undefined : isShared);
    known.set(way, layout);
    return layout;
  };

  return ({ asOf, vector, entities }, shared) => {
    const layout = layoutFor(vector, shared);
    const written = new Map<FinishedRow, readonly string[]>();
    const texts = entities.map(entity => entityJson(layout, entity, written));
    const once = layout.shared === undefined ? '' : sharedJson(layout.shared, entities[0]!);
    return `${layout.before}${asOf}${layout.between}${once},"entities":[${texts.join(',')}]}`;
  };
}

interface Layout {
  /** `{"service":"ranking","asOf":` */
  readonly before: string;
  /** `,"features":["clicks_1h"]` */
  readonly between: string;
  /** What stands once. */
  readonly shared: Stretches | undefined;
  /** What stands in each entity. */
  readonly own: Stretches;
  readonly onDemand: readonly ValueWriter[];
}

/** Stretches of a vector's features, with what writes their values. */
interface Stretches {
  readonly names: readonly string[];
  readonly segments: readonly (Segment & { readonly writers: readonly ValueWriter[] })[];
}

type ValueWriter = (value: Value) => string;

function layoutOf(vector: Vector, isShared: readonly boolean[] | undefined): Layout {
  const { kind, name, onDemand } = vector;
  const own = stretchesOf(vector, part => isShared?.[part] !== true);
  const names = [...own.names, ...onDemand.map(o => o.name)];
  return {
    before: `{${JSON.stringify(kind)}:${JSON.stringify(name)},"asOf":`,
    between: `,"features":${JSON.stringify(names)}`,
    shared: isShared && stretchesOf(vector, part => isShared[part] === true),
    own,
    onDemand: onDemand.map(({ type }) => jsonWriter(type)),
  };
}

function stretchesOf({ parts, segments }: Vector, has: (part: number) => boolean): Stretches {
  const some = segments.filter(({ part }) => has(part));
  return {
    names: some.flatMap(({ names }) => names),
    segments: some.map(segment => ({
      ...segment,
      writers: segment.names.map((_, i) => jsonWriter(parts[segment.part]!.outputs[segment.from + i]!.type)),
    })),
  };
}

/** `,"shared":{"features":["user_clicks_1h"],"values":[3]}` */
function sharedJson({ names, segments }: Stretches, entity: FoundEntity): string {
  const texts = segments.map(({ part, from, writers }) => listed(writers, entity.rows[part]!.values, from));
  const flags = flagsJson(segments, entity);
  return `,"shared":{"features":${JSON.stringify(names)},"values":[${texts.join(',')}]${flags}}`;
}

function entityJson(
  { own: { segments }, onDemand: writers }: Layout,
  entity: FoundEntity,
  written: Map<FinishedRow, readonly string[]>,
): string {
  const { status, rows, onDemand } = entity;
  let values = '';
  for (let s = 0; s < segments.length; s++) {
    const row = rows[segments[s]!.part]!;
    let texts = written.get(row);
    if (texts === undefined) {
      texts = segments.map(({ part, from, writers }) =>
        rows[part] === row ? listed(writers, row.values, from) : '',
      );
      written.set(row, texts);
    }
    values += (values === '' ? '' : ',') + texts[s]!;
  }
  if (writers.length > 0) values += (values === '' ? '' : ',') + listed(writers, onDemand, 0);
  const lacks = lacksOf(entity);
  const error = errorOf(entity);
  const more =
    flagsJson(segments, entity) +
    (lacks === 0 ? '' : `,"lacks":${lacks}`) +
    (error === undefined ? '' : `,"error":${JSON.stringify(error)}`);
  return `{"status":"${status}","values":[${values}]${more}}`;
}

function flagsJson(segments: readonly Segment[], entity: FoundEntity): string {
  const flags = flagsOf(segments, entity);
  return flags === undefined ? '' : `,"flags":${JSON.stringify(flags)}`;
}

/** The JSON of the values from `from` on, one a writer, with commas between. */
function listed(writers: readonly ValueWriter[], values: readonly Value[], from: number): string {
  let text = '';
  for (let i = 0; i < writers.length; i++)
    text += (i === 0 ? '' : ',') + writers[i]!(values[from + i] as Value);
  return text;
}
