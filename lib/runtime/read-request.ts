import {
  type EntityPlan,
  fromExternal,
  furthestTime,
  keyOf,
  type ServicePlan,
  type Value,
} from '../kernel/index.ts';
import { MillraceError } from './errors.ts';
import type { LoadedRow } from './load-rows.ts';
import type { Clock } from './ports.ts';

/** The parts of an entity's key, by name: `{ user: '17850' }`. External values. */
export type EntityKey = Readonly<Record<string, unknown>>;

export const readRequestCodes = [
  'not-found', // no group or service has this name
  'bad-key', // a part of a key is missing, or of another type
  'bad-context', // a context field is missing, unknown, or of another type
  'bad-time', // asOf is no time, or deadlineMs no duration
  'past-time', // asOf is not past the newest event of the rows read
] as const;
export type ReadRequestCode = (typeof readRequestCodes)[number];

/** The request cannot be answered as it stands; the message says what to change, the code what kind of thing it is. */
export class ReadRequestError extends MillraceError {
  override readonly name = 'ReadRequestError';
  readonly code: ReadRequestCode;
  constructor(code: ReadRequestCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The row key of an entity's key. Throws ReadRequestError. */
export function keyReader({ name, keys }: EntityPlan): (key: EntityKey) => string {
  const bad = (problem: string): ReadRequestError => new ReadRequestError('bad-key', problem);
  const partOf = (key: EntityKey, { name: part, type }: EntityPlan['keys'][number]): Value => {
    const value = fromExternal(Object.hasOwn(key, part) ? key[part] : null, type);
    if (value !== undefined && value !== null && value !== '') return value;
    const wanted = keys.map(k => `${k.name} (${k.type.kind})`).join(', ');
    const problem = value === null ? 'missing' : value === '' ? 'empty' : `no ${type.kind}`;
    throw bad(`a key of entity ${name} needs ${wanted}; ${part} is ${problem}`);
  };
  return key => {
    const text = keyOf(keys.map(part => partOf(key, part)));
    if (text === null) throw bad(`a key of entity ${name} is longer than 1024 bytes`);
    return text;
  };
}

/** A service's context as values, in the order of its plan. Throws ReadRequestError. */
export function contextReader(
  service: ServicePlan,
): (context: Readonly<Record<string, unknown>>) => readonly Value[] {
  const bad = (problem: string) => new ReadRequestError('bad-context', `service ${service.name} ${problem}`);
  return context => {
    for (const name of Object.keys(context)) {
      if (service.context.some(f => f.name === name)) continue;
      const known = service.context.map(f => f.name).join(', ') || 'none';
      throw bad(`takes no context field ${name}; it takes ${known}`);
    }
    return service.context.map(({ name, type, optional, nullable }) => {
      const given = Object.hasOwn(context, name) ? context[name] : undefined;
      const value = fromExternal(given ?? null, type);
      if (value === undefined || (value === null && optional !== true && nullable !== true)) {
        const what = given === undefined ? 'none' : shown(given);
        throw bad(`needs context field ${name} (${type.kind}), got ${what}`);
      }
      return value;
    });
  };
}

/** One time for all rows of a request: `asOf` where it is given, else the clock's, but past every event read. */
export function queryTime(
  clock: Clock,
  asOf: number | undefined,
  loaded: readonly (readonly LoadedRow[])[],
): number {
  let newest = Number.NEGATIVE_INFINITY;
  for (const list of loaded) for (const row of list) newest = Math.max(newest, row.newest);
  if (asOf === undefined) return Math.max(clock.now(), newest + 1);
  if (asOf <= newest) {
    throw new ReadRequestError(
      'past-time',
      `asOf ${new Date(asOf).toISOString()} is not past the newest event read, ${new Date(newest).toISOString()}: ` +
        'rows answer for now; past times are answered from the archive',
    );
  }
  return asOf;
}

/** Throws ReadRequestError for options that make no sense, whatever is read. */
export function checkTimes({
  asOf,
  deadlineMs,
}: {
  readonly asOf?: number | undefined;
  readonly deadlineMs?: number | undefined;
}): void {
  if (asOf !== undefined && !(Number.isSafeInteger(asOf) && Math.abs(asOf) <= furthestTime)) {
    throw new ReadRequestError('bad-time', `asOf must be whole milliseconds since 1970, got ${asOf}`);
  }
  if (deadlineMs !== undefined && !(deadlineMs > 0 && deadlineMs <= longestDeadline)) {
    throw new ReadRequestError(
      'bad-time',
      `deadlineMs must be milliseconds above 0 and at most ${longestDeadline}, got ${deadlineMs}`,
    );
  }
}

/** Timers end there. */
const longestDeadline = 2 ** 31 - 1;

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
