import { type Output, outputsOf } from '../kernel/outputs.ts';
import type { Plan } from '../kernel/plan.ts';
import type { ValueType } from '../kernel/value-type.ts';
import type { ReadResult } from '../runtime/read.ts';
import type { FeatureRequest } from './feature-request.ts';

/**
 * The JSON of answers: the features' names once, and their values by entity in that order. int64 values are text, for
 * JSON's numbers would be rounded.
 */
export function createAnswerWriter(plan: Plan): (request: FeatureRequest, result: ReadResult) => string {
  const layouts = new Map<string, Layout>();
  for (const { name } of plan.groups) layouts.set(`group ${name}`, layoutOf(outputsOf(plan, 'group', name)));
  for (const { name } of plan.services)
    layouts.set(`service ${name}`, layoutOf(outputsOf(plan, 'service', name)));

  return ({ kind, name }, { asOf, entities }) => {
    const { features, columns } = layouts.get(`${kind} ${name}`) as Layout;
    const rows = entities.map(({ status, values, flags, error }) => ({
      status,
      values: columns.map(column => {
        const value = values[column.name];
        return column.hasInt64 ? withText(value) : value;
      }),
      flags,
      error,
    }));
    return `{${JSON.stringify(kind)}:${JSON.stringify(name)},"asOf":${asOf},"features":${features},"entities":${JSON.stringify(rows)}}`;
  };
}

interface Layout {
  /** The names, as JSON. */
  readonly features: string;
  readonly columns: readonly { readonly name: string; readonly hasInt64: boolean }[];
}

function layoutOf(outputs: readonly Output[]): Layout {
  return {
    features: JSON.stringify(outputs.map(o => o.name)),
    columns: outputs.map(({ name, type }) => ({ name, hasInt64: hasInt64(type) })),
  };
}

function hasInt64(type: ValueType): boolean {
  switch (type.kind) {
    case 'int64':
      return true;
    case 'list':
      return hasInt64(type.of);
    case 'struct':
      return type.fields.some(f => hasInt64(f.type));
    case 'map':
      return hasInt64(type.value);
    default:
      return false;
  }
}

function withText(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map(withText);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withText(member)]));
}
