import type { Expression } from '../kernel/expression/nodes.ts';
import type { Described, GroupPlan, StreamPlan } from '../kernel/plan.ts';
import { formatType, sameType } from '../kernel/value-type.ts';
import { derivedPlans, entriesOf } from './derived.ts';
import { describedOf } from './described.ts';
import type { Entity } from './entity.ts';
import { DefinitionError } from './errors.ts';
import { label } from './expression/build.ts';
import { ExpressionOf } from './expression/expressions.ts';
import { show } from './expression/literals.ts';
import { scope } from './field.ts';
import { groupFingerprint } from './fingerprint.ts';
import { deepFreeze } from './freeze.ts';
import { type FunctionTable, functionsIn } from './function.ts';
import { checkName, firstRepeated } from './names.ts';
import { checkCallback, checkOptions } from './options.ts';
import { aggregated, slotExpressions } from './slots.ts';

export interface CompiledGroup {
  readonly plan: GroupPlan;
  /** The functions that its expressions call. */
  readonly functions: FunctionTable;
}

/** A group's options without their types, which the compiler has checked and this file checks again. */
interface Options extends Described {
  readonly version?: number;
  readonly entity: Entity;
  readonly from: { readonly name: string; readonly plan: StreamPlan };
  readonly keys?: Readonly<Record<string, string | undefined>>;
  readonly where?: (e: never) => unknown;
  readonly features: (e: never) => unknown;
  readonly derived?: (f: never) => unknown;
}

/** Compiles a group's options to its part of the Plan. Throws DefinitionErrors that do not name the group yet. */
export function compileGroup(name: string, options: Options): CompiledGroup {
  checkName(name, 'a group');
  checkOptions(options, ['version', 'entity', 'from', 'keys', 'where', 'features', 'derived']);
  const { entity, from } = options;
  if (!entity?.plan) throw new DefinitionError('entity is missing; give what entity(…) returned');
  if (!from?.plan) throw new DefinitionError('from is missing; give what stream(…) returned');
  const version = versionOf(options.version);
  const stream = from.plan;
  const keys = keyFields(entity, stream, options.keys ?? {});

  const e = scope('event', stream.schema, `stream ${stream.name}`) as never;
  checkCallback(options.features, 'features');
  const groupWhere = options.where && condition(options.where(e));
  const { slots, features } = aggregated(entriesOf(options.features(e), 'features'), groupWhere, stream);

  const known = new Set(features.map(feature => feature.name));
  const f = scope('feature', features, 'the group') as never;
  const derived = options.derived
    ? derivedPlans(
        options.derived(f),
        'derived',
        field => field.source === 'feature' && known.has(field.name),
      )
    : [];
  const repeated = firstRepeated([...features, ...derived].map(feature => feature.name));
  if (repeated !== undefined)
    throw new DefinitionError('there are two features of this name; rename one', { feature: repeated });

  const expressions = [...slots.flatMap(slotExpressions), ...derived.map(d => d.expression)];
  const functions = functionsIn(expressions);
  const plan: GroupPlan = {
    name,
    version,
    entity: entity.name,
    stream: stream.name,
    keys,
    slots,
    features,
    derived,
    ...(functions.size > 0 ? { kernelOnly: true as const } : {}),
    fingerprint: groupFingerprint(entity.plan, stream, keys, slots),
    ...describedOf(options),
  };
  return { plan: deepFreeze(plan), functions };
}

export function versionOf(version: unknown = 1): number {
  if (typeof version === 'number' && Number.isSafeInteger(version) && version >= 1) return version;
  throw new DefinitionError(`version is ${show(version)}; write a whole number from 1`);
}

/** The stream's field for each of the entity's keys, in their order. */
function keyFields(
  entity: Entity,
  stream: StreamPlan,
  keys: Readonly<Record<string, string | undefined>>,
): string[] {
  const unknown = Object.keys(keys).find(key => !entity.plan.keys.some(k => k.name === key));
  if (unknown !== undefined)
    throw new DefinitionError(`keys names ${unknown}, which is no key of entity ${entity.name}`);
  return entity.plan.keys.map(key => {
    const name = Object.hasOwn(keys, key.name) ? (keys[key.name] ?? key.name) : key.name;
    const field = stream.schema.find(candidate => candidate.name === name);
    const hint = `write keys: { ${key.name}: 'the field' }`;
    if (!field)
      throw new DefinitionError(`stream ${stream.name} has no field ${name} for key ${key.name}; ${hint}`);
    if (!sameType(field.type, key.type))
      throw new DefinitionError(
        `key ${key.name} is a ${formatType(key.type)}, but field ${name} of stream ${stream.name} a ${formatType(field.type)}; ${hint}`,
      );
    return name;
  });
}

function condition(value: unknown): Expression {
  if (value instanceof ExpressionOf && value.node.type.kind === 'bool') return value.node;
  throw new DefinitionError(
    value instanceof ExpressionOf
      ? `where takes a condition; ${label(value.node)} is a ${formatType(value.node.type)}`
      : `where takes a condition; got ${show(value)}`,
  );
}
