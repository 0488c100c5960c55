/**
 * Keeps callers from what fails: after `failures` failures in a row it is open, and nobody is let through for `openMs`;
 * then one at a time is, and closes it by a success. `now` is in ms of any clock that never runs backwards.
 */
export interface Breaker {
  /** Whether to go ahead; who does must say how it went. */
  enter(): boolean;
  succeeded(): void;
  failed(): void;
  readonly isOpen: boolean;
}

export interface BreakerOptions {
  readonly failures: number;
  readonly openMs: number;
  readonly now?: () => number;
}

export function createBreaker({ failures, openMs, now = () => performance.now() }: BreakerOptions): Breaker {
  let inARow = 0;
  let openUntil = 0;
  let isProbing = false;
  const isOpen = (): boolean => inARow >= failures;
  return {
    enter() {
      if (!isOpen()) return true;
      if (isProbing || now() < openUntil) return false;
      isProbing = true;
      return true;
    },
    succeeded() {
      // An answer to a call from before it opened closes it as well: it came.
      inARow = 0;
      isProbing = false;
    },
    failed() {
      inARow++;
      isProbing = false;
      if (isOpen()) openUntil = now() + openMs;
    },
    get isOpen() {
      return isOpen();
    },
  };
}
