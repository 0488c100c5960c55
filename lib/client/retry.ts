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
 * Tries until it succeeds, with pauses that double on average up to 5 s, after the time that the service asks for. Only
 * what may pass is tried again: no connection, no answer within 15 s, too many requests, a service that stops.
 *
 * Throws RequestRefusedError for any other answer, and, when no further try fits before the deadline, DeadlineError, or
 * ServiceUnreachableError where the last that was heard is that there is no service.
 */
export async function withRetries<T>(
  { service, deadline, random = Math.random }: RetryOptions,
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  let heard: unknown;
  const outOfTime = (tries: number) =>
    heard instanceof ConnectionError
      ? new ServiceUnreachableError(service, tries, heard)
      : new DeadlineError(service, { deadlineMs: deadline.ms, tries }, heard);

  for (let tries = 1; ; tries++) {
    const remaining = deadline.at - performance.now();
    if (remaining <= 0) throw outOfTime(tries - 1);
    const signal = AbortSignal.timeout(Math.ceil(Math.min(remaining, longestTry)));
    try {
      return await attempt(signal);
    } catch (error) {
      if (!signal.aborted) {
        if (!mayPass(error)) throw error;
        heard = error;
      }
      const asked = error instanceof RequestRefusedError ? (error.retryAfterMs ?? 0) : 0;
      const pause = asked + backoff(tries, random);
      if (performance.now() + pause >= deadline.at) throw outOfTime(tries);
      await setTimeout(pause);
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
