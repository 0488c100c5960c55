import { type ErrorCode, errorStatuses } from '../errors.ts';
import { json, object, ref } from './parts.ts';

/** What the answers of these codes look like; several codes may have one status. */
export function errors(codes: readonly ErrorCode[]): Record<string, unknown> {
  const texts = new Map<number, string[]>();
  for (const code of codes) {
    const status = errorStatuses[code];
    texts.set(status, [...(texts.get(status) ?? []), descriptions[code]]);
  }
  return Object.fromEntries(
    [...texts].map(([status, lines]) => [status, json(ref('Error'), lines.join(' '))]),
  );
}

const descriptions: Readonly<Record<ErrorCode, string>> = {
  'bad-request': 'The request does not make sense.',
  'not-json': 'The body is not JSON.',
  'bad-encoding': 'The body is not UTF-8, or not gzip.',
  'not-found': 'What it names is not there.',
  'wrong-method': 'The path takes another method.',
  timeout: 'The request came too slowly.',
  'bad-key': 'A part of a key is missing, or of another type.',
  'bad-context': 'A context field is missing, unknown, or of another type.',
  'bad-time': 'asOf is no time, or deadlineMs no time to wait.',
  'past-time': 'asOf is not past the newest event that was read.',
  'too-many': 'It has more events or entities than one request may.',
  'too-large': 'The body is too large.',
  'wrong-type': 'The body is of another type, or packed otherwise.',
  behind: 'Too many events wait to be processed: Retry-After says how many seconds to wait.',
  'headers-too-large': 'The headers are too large.',
  internal: 'An error of the service.',
  unavailable: 'The service stops, or its store cannot do this now.',
};

export const errorSchema = object({
  error: object({ code: { enum: Object.keys(errorStatuses) }, message: { type: 'string', minLength: 1 } }),
});

/** Of requests with a body. */
export const bodyErrors: readonly ErrorCode[] = [
  'bad-request',
  'not-json',
  'bad-encoding',
  'too-many',
  'not-found',
  'timeout',
  'too-large',
  'wrong-type',
  'unavailable',
];
