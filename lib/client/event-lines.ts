import { randomUUID } from 'node:crypto';
import type { StreamPlan } from '../kernel/plan.ts';
import { NotJsonError, toJson } from './json.ts';

/** An event ready to be sent, as often as it takes: one line of JSON. */
export interface EventLine {
  readonly text: string;
  /** With its id, where the stream has one. */
  readonly event: object;
}

/**
 * Writes events of a stream as lines. Where the stream drops copies by an id that is any string, an event without one
 * gets one here, once: whatever is tried again is then the same event. Throws NotJsonError.
 */
export function createLineWriter({ schema, dedupe }: StreamPlan): (event: object) => EventLine {
  const id = schema.find(field => field.name === dedupe?.by);
  const made = id?.type.kind === 'string' && id.oneOf === undefined ? id.name : undefined;
  return given => {
    if (typeof given !== 'object' || given === null || Array.isArray(given))
      throw new NotJsonError(`an event is an object, not ${Array.isArray(given) ? 'a list' : String(given)}`);
    const needsId = made !== undefined && (given as Readonly<Record<string, unknown>>)[made] === undefined;
    const event = needsId ? { ...given, [made]: randomUUID() } : given;
    return { text: toJson(event), event };
  };
}
