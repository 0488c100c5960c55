import type { Plan } from '../kernel/plan.ts';
import { furthestTime } from '../kernel/time.ts';
import type { EntityKey } from '../runtime/read.ts';
import { HttpError } from './errors.ts';

export interface FeatureRequest {
  readonly kind: 'group' | 'service';
  readonly name: string;
  /** Their whole keys, what they share included. */
  readonly entities: readonly EntityKey[];
  /** The parts of the key that the request says once for all of them; undefined where it has no such member. */
  readonly shared?: readonly string[];
  readonly context: Readonly<Record<string, unknown>>;
  readonly asOf?: number;
  readonly deadlineMs: number;
}

export interface RequestReaderOptions {
  readonly plan: Plan;
  readonly maxEntities: number;
  /** The longest deadline, and what holds where a request names none. */
  readonly readMs: number;
}

/** Reads the body of `POST /v1/features`. Throws HttpError; whether keys and context fit is for the reader to say. */
export function createFeatureRequestReader({ plan, maxEntities, readMs }: RequestReaderOptions) {
  const names = { group: namesOf(plan.groups), service: namesOf(plan.services) };

  return (body: Buffer): FeatureRequest => {
    const request = objectOf(parseJson(body), 'the body');
    for (const member of Object.keys(request)) {
      if (!members.includes(member))
        throw bad(`unknown member ${shown(member)}: a request has ${members.join(', ')}`);
    }
    const { entities, shared, context = {}, asOf, deadlineMs = readMs } = request;
    const kind = kindOf(request);
    const name = request[kind];
    if (typeof name !== 'string') throw bad(`${kind} must be a name`);
    if (!names[kind].includes(name)) {
      const known = names[kind].join(', ') || 'none';
      throw new HttpError('not-found', `there is no feature ${kind} ${shown(name)}; there is ${known}`);
    }
    if (!Array.isArray(entities) || entities.length === 0) {
      throw bad('entities must be a list of keys, such as [{"user":"17850"}]');
    }
    if (entities.length > maxEntities) {
      throw new HttpError(
        'too-many',
        `${entities.length} entities: ask for at most ${maxEntities} in one request`,
      );
    }
    const inAll = shared === undefined ? {} : objectOf(shared, 'shared');
    const keys = wholeKeys(entities, inAll);
    if (kind === 'group' && request.context !== undefined) {
      throw bad('a group takes no context: leave it out, or read a service');
    }
    if (typeof deadlineMs !== 'number' || !(deadlineMs > 0 && deadlineMs <= readMs)) {
      throw new HttpError('bad-time', `deadlineMs must be milliseconds above 0 and at most ${readMs}`);
    }
    const read = {
      kind,
      name,
      entities: keys,
      ...(shared === undefined ? {} : { shared: Object.keys(inAll) }),
      context: objectOf(context, 'context'),
      deadlineMs,
    };
    if (asOf === undefined) return read;
    if (typeof asOf !== 'number' || !Number.isSafeInteger(asOf) || Math.abs(asOf) > furthestTime) {
      throw new HttpError('bad-time', 'asOf must be a time in whole milliseconds since 1970-01-01 UTC');
    }
    return { ...read, asOf };
  };
}

const members = ['service', 'group', 'entities', 'shared', 'context', 'asOf', 'deadlineMs'];

/** The entities' keys, each with the parts that stand once for all: of the user for whom items are ranked. */
function wholeKeys(entities: readonly unknown[], shared: EntityKey): readonly EntityKey[] {
  const parts = Object.keys(shared);
  return entities.map((entity, i) => {
    const key = objectOf(entity, `entities[${i}]`);
    const twice = parts.find(part => Object.hasOwn(key, part));
    if (twice !== undefined)
      throw bad(`entities[${i}] has ${shown(twice)}, which shared has too: say it once`);
    return parts.length === 0 ? key : { ...shared, ...key };
  });
}

function kindOf(request: Readonly<Record<string, unknown>>): FeatureRequest['kind'] {
  if ((request.service === undefined) === (request.group === undefined)) {
    throw bad('name either a service or a group, such as {"service":"ranking","entities":[…]}');
  }
  return request.service === undefined ? 'group' : 'service';
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw bad(`${what} must be an object`);
  return value as Record<string, unknown>;
}

/** A JSON body. Throws HttpError. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new HttpError('not-json', `the body is not JSON: ${(error as Error).message}`);
  }
}

const bad = (message: string): HttpError => new HttpError('bad-request', message);
const namesOf = (parts: readonly { readonly name: string }[]): readonly string[] => parts.map(p => p.name);
const shown = (text: string): string => JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
