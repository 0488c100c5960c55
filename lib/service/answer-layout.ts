import type { Segment, Vector } from '../runtime/vector.ts';
import { type JsonWriter, jsonWriter } from './value-json.ts';

/** How answers of a vector look. */
export interface Layout {
  /** `{"service":"ranking","asOf":` */
  readonly before: Uint8Array;
  /** `,"features":["clicks_1h"]` */
  readonly between: Uint8Array;
  /** What stands once. */
  readonly shared: Stretches | undefined;
  /** What stands in each entity. */
  readonly own: Stretches;
  readonly onDemand: readonly JsonWriter[];
  readonly parts: Vector['parts'];
  /** Of one entity's answer, the segments that decay, as they come. */
  readonly decaying: readonly SegmentWriter[];
}

/** Stretches of a vector's features, with what writes their values. */
export interface Stretches {
  readonly names: readonly string[];
  readonly segments: readonly SegmentWriter[];
}

export interface SegmentWriter extends Segment {
  readonly writers: readonly JsonWriter[];
}

/** Layouts by what a request says once for all of its entities, each made when it is first asked for. */
export function createLayouts(): (vector: Vector, shared: readonly string[] | undefined) => Layout {
  const layouts = new WeakMap<Vector, Map<string, Layout>>();
  return (vector, shared) => {
    const known = layouts.get(vector) ?? new Map<string, Layout>();
    layouts.set(vector, known);
    const isShared =
      shared && vector.parts.map(({ keyParts }) => keyParts.every(part => shared.includes(part)));
    const way = isShared?.join() ?? '';
    const layout = known.get(way) ?? layoutOf(vector, isShared);
    known.set(way, layout);
    return layout;
  };
}

function layoutOf(vector: Vector, isShared: readonly boolean[] | undefined): Layout {
  const { kind, name, onDemand } = vector;
  const own = stretchesOf(vector, part => isShared?.[part] !== true);
  const shared = isShared && stretchesOf(vector, part => isShared[part] === true);
  const names = [...own.names, ...onDemand.map(o => o.name)];
  return {
    before: Buffer.from(`{${JSON.stringify(kind)}:${JSON.stringify(name)},"asOf":`),
    between: Buffer.from(`,"features":${JSON.stringify(names)}`),
    shared,
    own,
    onDemand: onDemand.map(({ type }) => jsonWriter(type)),
    parts: vector.parts,
    decaying: [...(shared?.segments ?? []), ...own.segments].filter(({ decaying }) => decaying >= 0),
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
  };
}
