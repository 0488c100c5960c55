import type { Tie } from './compare.ts';
import { decimalFrom, parseInt64 } from './external.ts';
import { Source } from './generate.ts';
import { keyOf, longestKey } from './key.ts';
import type { FieldPlan, StreamPlan } from './plan.ts';
import type { Position } from './position.ts';
import { furthestTime, minute } from './time.ts';
import { parseTimestamp } from './timestamp.ts';
import { formatType, type Value } from './value-type.ts';

/** An event that fits its stream's schema. */
export interface StreamEvent {
  /** By position in the stream's schema. */
  readonly values: readonly Value[];
  /** The earlier of event time and arrival time: by this it counts everywhere. */
  readonly time: number;
  readonly arrivalTime: number;
  /** What orders it among events of one time. */
  readonly tie: Tie;
  /** How many fields it had that the schema does not name. */
  readonly unknownFields: number;
}

/** Why an event is bad: a `QuarantineReason`, and in words which field and what was found there. */
export interface Rejection {
  readonly rejected: 'schema' | 'no-key' | 'too-old' | 'future';
  readonly detail: string;
}

/** Checks a parsed event against a stream's schema and turns its fields into values. */
export type EventDecoder = (
  json: unknown,
  arrivalTime: number,
  position: Position,
) => StreamEvent | Rejection;

/** An event may name a time this much past its arrival; its clock is wrong by more otherwise. */
const clockTolerance = 5 * minute;

/** Longer strings are not data of events but documents; they would not fit a feature row either. */
export const longestString = 65_536;

export const isRejection = (x: StreamEvent | Rejection): x is Rejection => 'rejected' in x;

export function compileDecoder(stream: StreamPlan): EventDecoder {
  const decode = compileFields(stream);
  const admit = admission(stream);
  return (json, arrivalTime, position) => {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      return { rejected: 'schema', detail: `expected an object, got ${describe(json)}` };
    }
    const fields = decode(json as Record<string, unknown>);
    if ('rejected' in fields) return fields;
    return admit(fields.values, fields.unknown, arrivalTime, position);
  };
}

/** The rules for an event whose fields are right: it has a key, and a time that makes sense. */
export function admission(stream: StreamPlan) {
  const timeIndex = indexOf(stream, stream.eventTime);
  const keyIndexes = stream.key.map(name => indexOf(stream, name));
  const idIndex = stream.dedupe === undefined ? -1 : indexOf(stream, stream.dedupe.by);
  const { since } = stream;

  return (
    values: readonly Value[],
    unknownFields: number,
    arrivalTime: number,
    position: Position,
  ): StreamEvent | Rejection => {
    let characters = keyIndexes.length;
    for (let k = 0; k < keyIndexes.length; k++) {
      const i = keyIndexes[k] as number;
      const part = values[i];
      if (part === null || part === '') return keyMissing((stream.schema[i] as FieldPlan).name);
      if (typeof part === 'string') characters += part.length;
    }
    // Escaping may double the characters of a key, and UTF-8 triple them: only long ones have to be built to know.
    if (characters > longestKey / 6 && keyOf(keyIndexes.map(i => values[i] ?? null)) === null) {
      const detail = `field ${stream.key.join(', ')}: the stream's key is longer than ${longestKey} bytes`;
      return { rejected: 'no-key', detail };
    }
    const eventTime = values[timeIndex] as number;
    if (eventTime < since) {
      const detail = `field ${stream.eventTime}: ${iso(eventTime)} is before the stream's first day, ${iso(since)}`;
      return { rejected: 'too-old', detail };
    }
    if (eventTime > arrivalTime + clockTolerance) {
      const detail = `field ${stream.eventTime}: ${iso(eventTime)} is more than 5 minutes past arrival, ${iso(arrivalTime)}`;
      return { rejected: 'future', detail };
    }
    return {
      values,
      time: Math.min(eventTime, arrivalTime),
      arrivalTime,
      tie: idIndex < 0 ? position : (values[idIndex] as Tie),
      unknownFields,
    };
  };
}

const keyMissing = (name: string): Rejection => ({
  rejected: 'no-key',
  detail: `field ${name}: the stream's key is missing`,
});

interface DecodedFields {
  readonly values: Value[];
  readonly unknown: number;
}

/** Reads one field's JSON; undefined where it is not of the type. */
export type FieldReader = (json: unknown) => Value | undefined;

/** The straight-line reader of a stream's fields. */
function compileFields(stream: StreamPlan): (json: Record<string, unknown>) => DecodedFields | Rejection {
  const source = new Source();
  const reject = source.constant((i: number, json: unknown) => rejection(stream, i, json));
  const keys = source.constant(Object.keys);
  source.line('let present = 0;');
  const names = stream.schema.map((field, i) => {
    const name = `v${i}`;
    const key = source.constant(field.name);
    // A field named like a member of Object.prototype must be the event's own.
    const read =
      field.name in Object.prototype
        ? `${source.constant(Object.hasOwn)}(json, ${key}) ? json[${key}] : undefined`
        : `json[${key}]`;
    source.line(`let ${name} = ${read};`);
    source.line(`if (${name} !== undefined) present++;`);
    source.line(`if (${name} === undefined || ${name} === null) {`);
    if (field.optional !== true) source.line(`  if (${name} === undefined) return ${reject}(${i}, ${name});`);
    if (field.nullable !== true) source.line(`  if (${name} === null) return ${reject}(${i}, ${name});`);
    source.line(`  ${name} = null;`);
    source.line('} else {');
    for (const line of check(source, field, name, `return ${reject}(${i}, json[${key}]);`))
      source.line(`  ${line}`);
    source.line('}');
    return name;
  });
  source.line(`return { values: [${names.join(', ')}], unknown: ${keys}(json).length - present };`);
  return source.compile(['json']) as (json: Record<string, unknown>) => DecodedFields | Rejection;
}

/** Statements that turn a non-null field in `name` into its value or reject it: inline for the common types. */
function check(source: Source, field: FieldPlan, name: string, fail: string): string[] {
  if (field.oneOf === undefined) {
    switch (field.type.kind) {
      case 'string': {
        const longest = source.constant(longestString);
        return [
          `if (typeof ${name} !== 'string' || ${name}.length > ${longest} || !${name}.isWellFormed()) ${fail}`,
        ];
      }
      case 'bool':
        return [`if (typeof ${name} !== 'boolean') ${fail}`];
      case 'int':
        return [`if (!${source.constant(Number.isSafeInteger)}(${name})) ${fail}`, `${name} += 0;`];
      case 'float':
        return [`if (typeof ${name} !== 'number' || ${name} - ${name} !== 0) ${fail}`, `${name} += 0;`];
    }
  }
  const reader = source.constant(readerOf(field));
  return [`${name} = ${reader}(${name});`, `if (${name} === undefined) ${fail}`];
}

export function readerOf(field: FieldPlan): FieldReader {
  if (field.oneOf !== undefined) {
    const { values, unlisted } = field.oneOf;
    const listed = new Map<unknown, string>(values.map(v => [v, v]));
    if (unlisted === 'reject') return json => listed.get(json);
    const other = unlisted === 'null' ? null : unlisted.as;
    return json => (typeof json === 'string' ? (listed.get(json) ?? other) : undefined);
  }
  const { type } = field;
  switch (type.kind) {
    case 'string':
      return json =>
        typeof json === 'string' && json.length <= longestString && json.isWellFormed() ? json : undefined;
    case 'bool':
      return json => (typeof json === 'boolean' ? json : undefined);
    case 'int':
      return json => (Number.isSafeInteger(json) ? (json as number) + 0 : undefined);
    case 'float':
      return json => (Number.isFinite(json) ? (json as number) + 0 : undefined);
    case 'int64':
      return json => {
        if (typeof json === 'string') return parseInt64(json);
        return Number.isSafeInteger(json) ? BigInt(json as number) : undefined;
      };
    case 'decimal':
      return json => decimalFrom(json, type.scale);
    case 'timestamp':
      return json => {
        const time =
          typeof json === 'string'
            ? parseTimestamp(json)
            : Number.isSafeInteger(json)
              ? (json as number)
              : null;
        return time === null || Math.abs(time) > furthestTime ? undefined : time + 0;
      };
    case 'list': {
      const element = nullableReader(field.element as FieldPlan);
      return json => {
        if (!Array.isArray(json) || json.length > longestList) return undefined;
        const values: Value[] = [];
        for (const item of json) {
          const value = element(item);
          if (value === undefined) return undefined;
          values.push(value);
        }
        return values;
      };
    }
    case 'struct': {
      const members = (field.fields as readonly FieldPlan[]).map(f => ({
        name: f.name,
        read: nullableReader(f),
      }));
      return json => {
        if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
        const values: Value[] = [];
        for (const { name, read } of members) {
          const value = read(Object.hasOwn(json, name) ? (json as Record<string, unknown>)[name] : undefined);
          if (value === undefined) return undefined;
          values.push(value);
        }
        return values;
      };
    }
    case 'map':
      throw new TypeError(`field ${field.name}: a map cannot be an event's field`);
  }
}

function nullableReader(field: FieldPlan): FieldReader {
  const read = readerOf(field);
  return json => {
    if (json === undefined) return field.optional === true ? null : undefined;
    if (json === null) return field.nullable === true ? null : undefined;
    return read(json);
  };
}

const longestList = 10_000;

function rejection(stream: StreamPlan, i: number, json: unknown): Rejection {
  const field = stream.schema[i] as FieldPlan;
  const isKey = stream.key.includes(field.name);
  if (json === undefined || json === null) {
    if (isKey) return keyMissing(field.name);
    return { rejected: 'schema', detail: `field ${field.name}: ${json === null ? 'is null' : 'is missing'}` };
  }
  return {
    rejected: 'schema',
    detail: `field ${field.name}: expected ${expectation(field)}, got ${describe(json)}`,
  };
}

function expectation(field: FieldPlan): string {
  if (field.oneOf !== undefined) return `one of ${field.oneOf.values.map(v => JSON.stringify(v)).join(', ')}`;
  switch (field.type.kind) {
    case 'int':
      return 'int (a whole number within ±(2^53 − 1))';
    case 'int64':
      return 'int64 (a string of digits, or a number within ±(2^53 − 1))';
    case 'decimal':
      return `${formatType(field.type)} (a number or string with at most ${field.type.scale} decimals)`;
    case 'timestamp':
      return 'timestamp (ISO 8601, or epoch milliseconds)';
    case 'string':
      return `string (well-formed, at most ${longestString} characters)`;
    default:
      return formatType(field.type);
  }
}

/** What was found, short enough for a line. */
function describe(json: unknown): string {
  if (Array.isArray(json)) return `a list of ${json.length}`;
  if (typeof json === 'object' && json !== null) return 'an object';
  if (typeof json === 'string') {
    return json.length > 60 ? `a string of ${json.length} characters` : JSON.stringify(json);
  }
  // As JSON it had more digits than were left of it.
  if (Number.isInteger(json) && !Number.isSafeInteger(json))
    return `about ${(json as number).toExponential(3)}`;
  return String(json);
}

const iso = (time: number): string => new Date(time).toISOString();

function indexOf(stream: StreamPlan, name: string): number {
  const i = stream.schema.findIndex(f => f.name === name);
  if (i < 0) throw new TypeError(`stream ${stream.name} has no field ${name}`);
  return i;
}
