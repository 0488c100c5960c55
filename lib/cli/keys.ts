import type { Plan } from '../kernel/plan.ts';
import { furthestTime } from '../kernel/time.ts';
import { parseTimestamp } from '../kernel/timestamp.ts';
import type { ValueType } from '../kernel/value-type.ts';
import { MillraceError } from '../runtime/errors.ts';

/** What `millrace read` was asked for is not there, or cannot be understood. */
export class RequestError extends MillraceError {
  override readonly name = 'RequestError';
}

export interface KeyPart {
  readonly name: string;
  readonly type: ValueType;
}

export type ReadTarget = {
  readonly kind: 'group' | 'service';
  readonly name: string;
  readonly keys: readonly KeyPart[];
};

/** The group or service of that name, and the keys that it is read by. Throws RequestError. */
export function findTarget(plan: Plan, name: string): ReadTarget {
  const service = plan.services.find(candidate => candidate.name === name);
  if (service !== undefined) {
    const groups = new Set(service.features.map(feature => feature.group));
    const keys = plan.groups
      .filter(group => groups.has(group.name))
      .flatMap(group => keysOf(plan, group.entity));
    const byName = new Map(keys.map(key => [key.name, key]));
    return { kind: 'service', name, keys: [...byName.values()] };
  }
  const group = plan.groups.find(candidate => candidate.name === name);
  if (group !== undefined) return { kind: 'group', name, keys: keysOf(plan, group.entity) };
  const groups = plan.groups.map(candidate => candidate.name).join(', ');
  const services = plan.services.map(candidate => candidate.name).join(', ');
  throw new RequestError(
    `there is no group or service ${name}; groups: ${groups}${services === '' ? '' : `; services: ${services}`}`,
  );
}

const keysOf = (plan: Plan, entity: string): readonly KeyPart[] =>
  plan.entities.find(candidate => candidate.name === entity)!.keys;

/** `17850`, `user=17850` or `user=17850,item=85123A` as the values of the target's keys. Throws RequestError. */
export function parseKey(text: string, { name, keys }: ReadTarget): Record<string, unknown> {
  const example = keys.map(key => `${key.name}=…`).join(',');
  const named = new Map<string, string>();
  // A comma belongs to a value unless the name of a key follows.
  const parts = text.split(new RegExp(`,(?=(?:${keys.map(key => key.name).join('|')})=)`));
  for (const part of parts) {
    const at = part.indexOf('=');
    const known = keys.some(key => key.name === part.slice(0, at));
    if (at > 0 && known) named.set(part.slice(0, at), part.slice(at + 1));
    else if (keys.length === 1 && parts.length === 1) named.set(keys[0]!.name, part);
    else throw new RequestError(`key ${text}: ${name} is read by ${example}`);
  }
  const missing = keys.filter(key => !named.has(key.name)).map(key => key.name);
  if (missing.length > 0)
    throw new RequestError(`key ${text}: ${missing.join(', ')} is missing; ${name} is read by ${example}`);
  return Object.fromEntries(keys.map(key => [key.name, parseValue(named.get(key.name)!, key)]));
}

/** A value from the command line, by its type. Throws RequestError. */
export function parseValue(text: string, { name, type }: KeyPart): unknown {
  const wrong = () => new RequestError(`${name}: expected ${type.kind}, got ${JSON.stringify(text)}`);
  switch (type.kind) {
    case 'int':
      if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(Number(text))) throw wrong();
      return Number(text);
    case 'int64':
      if (!/^-?\d+$/.test(text)) throw wrong();
      return BigInt(text);
    case 'float':
    case 'decimal':
      if (text.trim() === '' || !Number.isFinite(Number(text))) throw wrong();
      return Number(text);
    case 'bool':
      if (text !== 'true' && text !== 'false') throw wrong();
      return text === 'true';
    case 'timestamp':
      return parseTime(text, name);
    case 'list':
    case 'struct':
      try {
        return JSON.parse(text);
      } catch {
        throw wrong();
      }
    default:
      return text;
  }
}

/** Epoch ms of an ISO time (UTC where it names no zone) or of epoch ms themselves. Throws RequestError. */
export function parseTime(text: string, what: string): number {
  const time = /^-?\d{11,16}$/.test(text) ? Number(text) : parseTimestamp(text);
  if (time === null || Math.abs(time) > furthestTime) {
    throw new RequestError(
      `${what}: ${JSON.stringify(text)} is no time: write 2011-12-09T12:50:00Z, or milliseconds`,
    );
  }
  return time;
}
