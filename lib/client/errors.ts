import { MillraceError } from '../kernel/errors.ts';
import type { EventOutcome } from './outcome.ts';

/** No answer came, or the connection broke, as often as was tried. */
export class ServiceUnreachableError extends MillraceError {
  override readonly name = 'ServiceUnreachableError';
  readonly tries: number;
  constructor(service: string, tries: number, cause: unknown) {
    const times = tries === 1 ? 'one try' : `${tries} tries`;
    super(
      `${service} does not answer, after ${times} (${reasonOf(cause)}): start it with millrace dev, or check its URL`,
      { cause },
    );
    this.tries = tries;
  }
}

/** The service answered with an error. `code` is the service's own, such as `bad-request` or `behind`. */
export class RequestRefusedError extends MillraceError {
  override readonly name = 'RequestRefusedError';
  readonly code: string;
  /** Of HTTP. */
  readonly status: number;
  /** How long the service wants to be left alone, in ms. */
  readonly retryAfterMs?: number;
  constructor(
    message: string,
    details: { readonly code: string; readonly status: number; readonly retryAfterMs?: number },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = details.code;
    this.status = details.status;
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs;
  }
}

/** The time for it passed before the service did what was asked. Of events it may have done so all the same. */
export class DeadlineError extends MillraceError {
  override readonly name = 'DeadlineError';
  readonly deadlineMs: number;
  readonly tries: number;
  constructor(
    service: string,
    { deadlineMs, tries }: { readonly deadlineMs: number; readonly tries: number },
    cause?: unknown,
  ) {
    const last = cause instanceof RequestRefusedError ? `; its last answer: ${cause.message}` : '';
    const what =
      tries === 0 ? 'nothing was sent' : `no success in ${tries === 1 ? 'one try' : `${tries} tries`}`;
    super(
      `${service}: ${what} within ${deadlineMs} ms${last}. Try again, or allow more time`,
      cause === undefined ? {} : { cause },
    );
    this.deadlineMs = deadlineMs;
    this.tries = tries;
  }
}

/**
 * Some events were not acknowledged: the service refused them, or it is not known whether they arrived. Where the
 * stream has `dedupe`, sending `events` again is safe, for they have their ids.
 */
export class UnacknowledgedEventsError<E = unknown> extends MillraceError {
  override readonly name = 'UnacknowledgedEventsError';
  /** Of all events of the call, in their order. */
  readonly outcomes: readonly EventOutcome<E>[];
  /** Those without acknowledgement, with the ids that were made for them. */
  readonly events: readonly E[];
  constructor(stream: string, outcomes: readonly EventOutcome<E>[]) {
    const lost = outcomes.filter(outcome => outcome.status === 'unacknowledged');
    const cause = lost[0]?.error;
    super(
      `${lost.length} of ${outcomes.length} events for ${stream} were not acknowledged. ${cause?.message}`,
      { cause },
    );
    this.outcomes = outcomes;
    this.events = lost.map(({ event }) => event);
  }
}

/** The service's answer is not what these definitions make one expect. */
export class AnswerMismatchError extends MillraceError {
  override readonly name = 'AnswerMismatchError';
}

/** More events wait than the client may hold. None of the call's was taken. */
export class BufferFullError extends MillraceError {
  override readonly name = 'BufferFullError';
}

/** One try to reach the service failed; `cause` says how. */
export class ConnectionError extends MillraceError {
  override readonly name = 'ConnectionError';
}

/** The client was closed. */
export class ClientClosedError extends MillraceError {
  override readonly name = 'ClientClosedError';
}

/** The client cannot be made with these options. */
export class ClientOptionsError extends MillraceError {
  override readonly name = 'ClientOptionsError';
}

/** What a failed connection says of itself: the innermost cause knows. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && error.cause instanceof Error) return reasonOf(error.cause);
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  return String(code ?? message ?? error);
}
