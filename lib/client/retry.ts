import { setTimeout } from 'node:timers/promises';
import { ConnectionError, DeadlineError, RequestRefusedError, ServiceUnreachableError } from './errors.ts';

/** Until when something may be tried. */
export interface Deadline {
  /** What was given, for messages. */
  readonly ms: number;
  /** By performance.now(). */
  readonly at: number;
}

export const deadlineIn = (ms: number): Deadline => ({ ms, at: performance.now() + ms });

export interface RetryOptions {
  /** The service, for messages. */
  readonly service: string;
  readonly deadline: Deadline;
  /** From 0 to below 1; chance unless tests need to know. */
  readonly random?: () => number;
}

/**
 * Tries until it succeeds, with pauses that double on average up to 5 s, and no shorter than the service asks for. Only
 * what may pass is tried again: no connection, no answer within 15 s, too many requests, a service that stops.
 *
 * Throws RequestRefusedError for any other answer, and, when no further try fits before the deadline, DeadlineError, or
 * ServiceUnreachableError where the last try found no service.
 */
export async function withRetries<T>(
  { service, deadline, random = Math.random }: RetryOptions,
  attempt: (signal: AbortSignal, remainingMs: number) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    const remaining = deadline.at - performance.now();
    if (remaining <= 0) throw new DeadlineError(service, { deadlineMs: deadline.ms, tries: tries - 1 });
    const signal = AbortSignal.timeout(Math.ceil(Math.min(remaining, longestTry)));
    try {
      return await attempt(signal, remaining);
    } catch (error) {
      if (!signal.aborted && !mayPass(error)) throw error;
      const pause = Math.max(
        (error as Partial<RequestRefusedError>).retryAfterMs ?? 0,
        backoff(tries, random),
      );
      if (performance.now() + pause < deadline.at) {
        await setTimeout(pause);
        continue;
      }
      if (error instanceof RequestRefusedError || signal.aborted)
        throw new DeadlineError(service, { deadlineMs: deadline.ms, tries }, error);
      throw new ServiceUnreachableError(service, tries, error);
    }
  }
}

/** Pauses in ms of "full jitter" (M. Brooker, "Exponential Backoff and Jitter"): clients that failed together spread. */
export const backoff = (tries: number, random: () => number): number =>
  random() * Math.min(longestPause, firstPause * 2 ** (tries - 1));

const firstPause = 100;
const longestPause = 5_000;
const longestTry = 15_000;

function mayPass(error: unknown): boolean {
  return error instanceof RequestRefusedError ? passing.has(error.status) : error instanceof ConnectionError;
}

/** Too slow, behind or throttled, and what gateways say of a service that is away. */
const passing: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);
