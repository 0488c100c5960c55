import { type Output, outputsOf } from '../kernel/outputs.ts';
import type { Plan } from '../kernel/plan.ts';
import type { ValueType } from '../kernel/value-type.ts';
import type { EntityResult, ReadResult } from '../runtime/read.ts';
import { AnswerMismatchError } from './errors.ts';

export type AnswerDecoder = (kind: 'group' | 'service', name: string, text: string) => ReadResult;

/**
 * Turns the JSON of answers into the values that a read in process gives, by the Plan's types. Throws
 * AnswerMismatchError for what is no such answer, or lacks a feature.
 */
export function createAnswerDecoder(plan: Plan, service: string): AnswerDecoder {
  const columns = new Map([
    ...plan.groups.map(({ name }) => [`group ${name}`, columnsOf(outputsOf(plan, 'group', name))] as const),
    ...plan.services.map(
      ({ name }) => [`service ${name}`, columnsOf(outputsOf(plan, 'service', name))] as const,
    ),
  ]);

  return (kind, name, text) => {
    const expected = columns.get(`${kind} ${name}`) ?? [];
    try {
      const { asOf, features, shared, entities } = JSON.parse(text) as Answer;
      const places = expected.map((column, at) => placeOf(column, features, shared, at));
      const once = shared === undefined ? noShared : decodeShared(shared, expected, places);
      return { asOf, entities: entities.map(entity => decodeEntity(entity, expected, places, once)) };
    } catch (cause) {
      const message = (cause as Error).message;
      throw new AnswerMismatchError(
        `${service} answers for ${kind} ${name} what its definitions here do not expect (${message}): ` +
          'do both have the same definitions?',
        { cause },
      );
    }
  };
}

interface Answer {
  readonly asOf: number;
  readonly features: readonly string[];
  /** What all entities have in common, where the request said which parts of their keys they do. */
  readonly shared?: AnswerShared;
  readonly entities: readonly AnswerEntity[];
}

interface AnswerShared extends Pick<EntityResult, 'flags'> {
  readonly features: readonly string[];
  readonly values: readonly unknown[];
}

interface AnswerEntity extends Omit<EntityResult, 'values'> {
  readonly values: readonly unknown[];
}

interface Column {
  readonly name: string;
  /** None where JSON has the value as it is. */
  readonly decode: Decode | null;
}

const columnsOf = (outputs: readonly Output[]): readonly Column[] =>
  outputs.map(({ name, type }) => ({ name, decode: decoderOf(type) }));

/**
 * Where a feature stands among an entity's values, or, as −1 − place, among the shared ones. The service may know some
 * that these definitions do not.
 */
function placeOf(
  { name }: Column,
  features: readonly string[],
  shared: AnswerShared | undefined,
  expected: number,
): number {
  const place = features[expected] === name ? expected : features.indexOf(name);
  if (place >= 0) return place;
  const once = shared?.features.indexOf(name) ?? -1;
  if (once < 0) throw new TypeError(`there is no feature ${name}`);
  return -1 - once;
}

/** What is decoded once: values by column, undefined where each entity has its own; and the flags of these. */
interface Once {
  readonly values: readonly unknown[];
  readonly flags: EntityResult['flags'];
}

const noShared: Once = { values: [], flags: undefined };

function decodeShared(
  { values, flags }: AnswerShared,
  columns: readonly Column[],
  places: readonly number[],
): Once {
  return {
    values: columns.map((column, i) =>
      places[i]! < 0 ? decodeValue(column, values[-1 - places[i]!]) : undefined,
    ),
    flags,
  };
}

function decodeEntity(
  { values: given, flags, ...entity }: AnswerEntity,
  columns: readonly Column[],
  places: readonly number[],
  once: Once,
): EntityResult {
  const values: Record<string, unknown> = {};
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i]!;
    const place = places[i]!;
    values[column.name] = place < 0 ? once.values[i] : decodeValue(column, given[place]);
  }
  const all = once.flags === undefined ? flags : { ...once.flags, ...flags };
  return { ...entity, ...(all === undefined ? {} : { flags: all }), values };
}

function decodeValue({ name, decode }: Column, value: unknown): unknown {
  if (value === undefined) throw new TypeError(`feature ${name} has no value`);
  return decode === null || value === null ? value : decode(value);
}

/** Of JSON that is not null. */
type Decode = (json: unknown) => unknown;

/** How JSON of the type becomes its value; null where it is the value. */
function decoderOf(type: ValueType): Decode | null {
  switch (type.kind) {
    case 'int64':
      return json => {
        if (typeof json !== 'string') throw new TypeError(`an int64 is ${typeof json}, not text`);
        return BigInt(json);
      };
    case 'list': {
      const decode = decoderOf(type.of);
      return (
        decode && (json => (json as readonly unknown[]).map(item => (item === null ? null : decode(item))))
      );
    }
    case 'struct': {
      const members = type.fields.map(({ name, type }) => [name, decoderOf(type)] as const);
      const decoders = new Map(members);
      return members.some(([, decode]) => decode !== null)
        ? membersDecoded(name => decoders.get(name) ?? null)
        : null;
    }
    case 'map': {
      const decode = decoderOf(type.value);
      return decode && membersDecoded(() => decode);
    }
    default:
      return null;
  }
}

const membersDecoded =
  (decoderOf: (name: string) => Decode | null): Decode =>
  json =>
    Object.fromEntries(
      Object.entries(json as object).map(([name, value]) => {
        const decode = value === null ? null : decoderOf(name);
        return [name, decode === null ? value : decode(value)];
      }),
    );
