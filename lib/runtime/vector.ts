import {
  compileExpressions,
  type Expression,
  type FeatureValue,
  type FieldPlace,
  type FunctionRegistry,
  type GroupPlan,
  type Plan,
  type ServicePlan,
  type Value,
} from '../kernel/index.ts';
import { MillraceError } from './errors.ts';
import type { FinishedRow, Output, ViewOutput } from './finish-row.ts';
import { featureNames, type GroupView, groupViews, type ViewOf } from './group-view.ts';
import type { KeptRows } from './kept-rows.ts';
import { contextReader } from './read-request.ts';

/** What a service, or a group by itself, answers with: which rows it needs, and what becomes of their values. */
export interface Vector {
  readonly kind: 'group' | 'service';
  readonly name: string;
  /** The groups that are read, each with the features that the vector takes from it. */
  readonly parts: readonly GroupView[];
  /** The vector's features in order, as stretches of its parts' outputs; what is computed on demand comes after. */
  readonly segments: readonly Segment[];
  readonly onDemand: readonly Output[];
  /** Names and types of all of it, in order. */
  readonly outputs: readonly Output[];
  /** Whether what it says of an entity depends on the rows under one key, and on the time, alone. */
  readonly canLast: boolean;
  /** Throws ReadRequestError for a context that does not fit. */
  readContext(context: Readonly<Record<string, unknown>>): readonly Value[];
  /** The values on demand, of an entity's finished rows by part. */
  compute(rows: readonly FinishedRow[], context: readonly Value[]): readonly FeatureValue[];
}

/** Outputs of a part from `from` on, under the names that they have in the vector: all of them decay, or none does. */
export interface Segment {
  readonly part: number;
  /** Its index among the segments of its part. */
  readonly place: number;
  readonly from: number;
  readonly names: readonly string[];
  /** Where they are among the part's outputs that decay; −1 where they do not. */
  readonly decaying: number;
}

/** Every group and service of a Plan as vectors, by name. */
export function compileVectors(plan: Plan, functions: FunctionRegistry, kept: KeptRows) {
  const views = groupViews(plan, functions, kept);
  return {
    groups: new Map(plan.groups.map(g => [g.name, groupVector(g, views())])),
    services: new Map(plan.services.map(s => [s.name, serviceVector(s, views(), functions)])),
  };
}

function groupVector(group: GroupPlan, viewOf: ViewOf): Vector {
  const part = viewOf(group.name, featureNames(group));
  return {
    kind: 'group',
    name: group.name,
    parts: [part],
    segments: segmentsOf(part.outputs.map((output, at) => ({ ...output, part: 0, at }))),
    onDemand: [],
    outputs: part.outputs,
    canLast: true,
    readContext: () => [],
    compute: () => [],
  };
}

function serviceVector(service: ServicePlan, viewOf: ViewOf, functions: FunctionRegistry): Vector {
  const groups = [...new Set(service.features.map(f => f.group))];
  const parts = groups.map(group =>
    viewOf(
      group,
      service.features.filter(f => f.group === group).map(f => f.feature),
    ),
  );
  // Where each feature of the vector is: in the order of the vector, so in that of its part's outputs too.
  const used = parts.map(() => 0);
  const picks = service.features.map(({ name, group }) => {
    const part = groups.indexOf(group);
    const at = used[part] as number;
    used[part] = at + 1;
    const { type, decays } = parts[part]!.outputs[at]!;
    return { name, part, at, type, decays };
  });
  return {
    kind: 'service',
    name: service.name,
    parts,
    segments: segmentsOf(picks),
    onDemand: service.onDemand,
    outputs: [...picks, ...service.onDemand].map(({ name, type }) => ({ name, type })),
    canLast: service.onDemand.length === 0 && parts.every(({ keyOf }) => keyOf === parts[0]!.keyOf),
    readContext: contextReader(service),
    compute: compileOnDemand(service, picks, parts.length, functions),
  };
}

interface Pick extends ViewOutput {
  readonly part: number;
  readonly at: number;
}

function segmentsOf(picks: readonly Pick[]): Segment[] {
  const segments: (Segment & { readonly names: string[] })[] = [];
  for (const { name, part, at, decays } of picks) {
    const last = segments.at(-1);
    if (last?.part === part && last.decaying >= 0 === decays) last.names.push(name);
    else {
      const before = segments.filter(segment => segment.part === part);
      const decaying = before.reduce(
        (sum, { decaying, names }) => sum + (decaying < 0 ? 0 : names.length),
        0,
      );
      segments.push({
        part,
        place: before.length,
        from: at,
        names: [name],
        decaying: decays ? decaying : -1,
      });
    }
  }
  return segments;
}

function compileOnDemand(
  { name, context, onDemand }: ServicePlan,
  picks: readonly Pick[],
  parts: number,
  functions: FunctionRegistry,
): Vector['compute'] {
  if (onDemand.length === 0) return () => [];
  const placeOf = (source: string, field: string): FieldPlace | undefined => {
    const pick = picks.find(p => p.name === field);
    if (source === 'context') {
      const at = context.findIndex(f => f.name === field);
      return at < 0 ? undefined : { list: parts, at, type: context[at]!.type };
    }
    return pick === undefined
      ? onDemand.find(d => d.name === field)
      : { list: pick.part, at: pick.at, type: pick.type };
  };
  const compute = compileExpressions(
    onDemand.map((d): Expression => d.expression),
    ({ source, name: field }) => {
      const place = placeOf(source, field);
      if (place === undefined)
        throw new MillraceError(
          `the Plan's service ${name} computes from a ${source} field ${field} that is not there`,
        );
      return place;
    },
    functions,
  );
  const nulls = onDemand.map(() => null);
  return (rows, given) => {
    // Of features that could not be read nothing is computed: a default would pass for a value.
    if (rows.some(row => row.status === 'failed')) return nulls;
    return compute([...rows.map(row => row.values()), given]);
  };
}
