import { MillraceError } from '../runtime/errors.ts';
import type { ReadRequestCode } from '../runtime/read-request.ts';

/** What the codes of errors mean, with the HTTP status that goes with each. */
export const errorStatuses = {
  'bad-request': 400,
  'not-json': 400,
  'bad-encoding': 400,
  'too-many': 400,
  'bad-key': 400,
  'bad-context': 400,
  'bad-time': 400,
  'past-time': 400,
  'not-found': 404,
  'wrong-method': 405,
  timeout: 408,
  'too-large': 413,
  'wrong-type': 415,
  behind: 429,
  'headers-too-large': 431,
  internal: 500,
  unavailable: 503,
} as const satisfies Record<ReadRequestCode, number> & Record<string, number>;

export type ErrorCode = keyof typeof errorStatuses;

/** A request that is answered with an error: `{ error: { code, message } }`. The message says what to do. */
export class HttpError extends MillraceError {
  override readonly name = 'HttpError';
  readonly code: ErrorCode;
  readonly headers: Readonly<Record<string, string>>;
  constructor(code: ErrorCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.code = code;
    this.headers = headers;
  }
}

export const errorBody = (code: ErrorCode, message: string): string =>
  JSON.stringify({ error: { code, message } });
