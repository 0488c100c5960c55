import type { Described, FieldPlan, StreamPlan } from '../kernel/plan.ts';
import { describedOf } from './described.ts';
import { DefinitionError, within } from './errors.ts';
import type { ExpressionOf, Kind, KindOf } from './expression/expressions.ts';
import { parseIsoTime, show } from './expression/literals.ts';
import { type FieldExpression, type FieldOf, fieldPlans } from './field.ts';
import { deepFreeze } from './freeze.ts';
import { checkName } from './names.ts';
import { checkOptions } from './options.ts';
import { parseDuration } from './windows.ts';

declare const idOf: unique symbol;

export type Schema = Readonly<Record<string, FieldOf>>;

/** A stream of events, all of one schema. `I`: the field by which copies are known. */
export interface Stream<N extends string = string, S extends Schema = Schema, I extends string = string> {
  readonly [idOf]: I;
  readonly name: N;
  readonly schema: S;
  readonly plan: StreamPlan;
}

/** The name of the field by which copies of a stream's events are known; never where there is none. */
export type IdOf<S> = S extends { readonly [idOf]: infer I } ? I : never;

/** The fields of a schema as expressions. */
export type EventFields<S extends Schema> = { readonly [N in keyof S]: FieldExpression<S[N]> };

/** The names of fields of some kinds, all of them or those that are never null. */
export type FieldNames<S extends Schema, K extends Kind, R extends boolean = boolean> = {
  [N in keyof S & string]: S[N] extends FieldOf<ExpressionOf, R>
    ? KindOf<FieldExpression<S[N]>> extends K
      ? N
      : never
    : never;
}[keyof S & string];

type KeyKind = 'string' | 'int' | 'int64';
type Or<Names, Message> = [Names] extends [never] ? Message : Names;
type TimeField<S extends Schema> = Or<
  FieldNames<S, 'timestamp', true>,
  'The schema has no timestamp() field that is neither optional nor nullable'
>;

type IdField<S extends Schema> = Or<
  FieldNames<S, KeyKind, true>,
  'The schema has no string, int or int64 field that is neither optional nor nullable'
>;

export interface StreamOptions<S extends Schema, I extends string = string> extends Described {
  readonly schema: S;
  /** The timestamp field that says when the event happened. */
  readonly eventTime: TimeField<NoInfer<S>>;
  /** The field or fields by which events are spread over shards; an event where one is null is bad. */
  readonly key: FieldNames<NoInfer<S>, KeyKind> | readonly FieldNames<NoInfer<S>, KeyKind>[];
  /** Copies of an event under one id and key that arrive within this time ('1h') count once. */
  readonly dedupe?: { readonly by: (I & IdField<NoInfer<S>>) | IdField<NoInfer<S>>; readonly within: string };
  /** Events before this UTC date are bad; '2000-01-01' unless given. */
  readonly since?: string;
}

/** Defines a stream of events. */
export function stream<const N extends string, const S extends Schema, const I extends string = never>(
  name: N,
  options: StreamOptions<S, I>,
): Stream<N, S, I> {
  return within({ definition: `stream ${name}` }, () => {
    checkName(name, 'a stream');
    checkOptions(options, ['schema', 'eventTime', 'key', 'dedupe', 'since']);
    const schema = fieldPlans(options.schema, 'its schema');
    const key = keyFields(schema, options.key);
    const dedupe = options.dedupe && dedupePlan(schema, options.dedupe);
    const plan: StreamPlan = {
      name,
      schema,
      eventTime: eventTimeField(schema, options.eventTime),
      key,
      ...(dedupe ? { dedupe } : {}),
      since: sinceTime(options.since ?? '2000-01-01'),
      ...describedOf(options),
    };
    return Object.freeze({ name, schema: options.schema, plan: deepFreeze(plan) }) as Stream<N, S, I>;
  });
}

function eventTimeField(schema: readonly FieldPlan[], name: string): string {
  const field = fieldNamed(schema, name, 'eventTime');
  if (field.type.kind !== 'timestamp')
    throw new DefinitionError(`eventTime names ${name}, a ${field.type.kind}; name a timestamp() field`);
  if (field.optional || field.nullable)
    throw new DefinitionError(
      `eventTime names ${name}, which may be null; every event has a time, make the field required`,
    );
  return name;
}

function keyFields(schema: readonly FieldPlan[], key: string | readonly string[]): readonly string[] {
  const names = typeof key === 'string' ? [key] : key;
  if (!Array.isArray(names) || names.length === 0)
    throw new DefinitionError(
      'key names no field; name the field or fields by which events are spread over shards',
    );
  if (new Set(names).size < names.length) throw new DefinitionError('key names a field twice');
  for (const name of names) checkKeyType(fieldNamed(schema, name, 'key'), 'key');
  return names;
}

function dedupePlan(
  schema: readonly FieldPlan[],
  { by, within: time }: { readonly by: string; readonly within: string },
): NonNullable<StreamPlan['dedupe']> {
  const field = fieldNamed(schema, by, 'dedupe.by');
  checkKeyType(field, 'dedupe.by');
  if (field.optional || field.nullable)
    throw new DefinitionError(
      `dedupe.by names ${by}, which may be null; an id is in every event, make the field required`,
    );
  return { by, withinMs: parseDuration(time, 'dedupe.within') };
}

function checkKeyType(field: FieldPlan, what: string): void {
  if (!['string', 'int', 'int64'].includes(field.type.kind))
    throw new DefinitionError(
      `${what} names ${field.name}, a ${field.type.kind}; name a string(), int() or int64() field`,
    );
}

function fieldNamed(schema: readonly FieldPlan[], name: unknown, what: string): FieldPlan {
  const field = schema.find(f => f.name === name);
  if (field) return field;
  throw new DefinitionError(
    `${what} names ${show(name)}, which is no field of the schema; it has ${schema.map(f => f.name).join(', ')}`,
  );
}

function sinceTime(since: string): number {
  const time = typeof since === 'string' ? parseIsoTime(since) : undefined;
  if (time === undefined)
    throw new DefinitionError(`since is ${show(since)}; write a UTC date such as '2000-01-01'`);
  return time;
}
