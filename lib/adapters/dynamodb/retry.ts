import { StoreError } from '../../runtime/errors.ts';
import { failureOf, storeErrorOf } from './failures.ts';

/** Waiting, and the chance that spreads it. */
export interface Pauses {
  sleep(ms: number): Promise<void>;
  /** From 0 up to, not including, 1. */
  random(): number;
}

export interface Retry {
  /**
   * Gives the items to `attempt`, and what that leaves again after a pause, until none is left. What may be repeated
   * only: an attempt that failed may have taken effect. Throws StoreError when so many attempts in a row got nowhere.
   */
  all<T>(
    what: string,
    items: readonly T[],
    attempt: (items: readonly T[]) => Promise<readonly T[]>,
  ): Promise<void>;
  /** The same for a single request. */
  one<R>(what: string, request: () => Promise<R>): Promise<R>;
  /** Waits after so many attempts that got nowhere. */
  pause(stalled: number): Promise<void>;
}

/** Attempts in a row that may get nowhere: with their pauses, a second on average. */
export const mostTries = 8;

export function createRetry({ sleep, random }: Pauses): Retry {
  /** Full jitter: those who were turned away together do not come back together. */
  const pause = (stalled: number): Promise<void> =>
    sleep(random() * Math.min(longestPause, firstPause * 2 ** stalled));

  async function all<T>(
    what: string,
    items: readonly T[],
    attempt: (items: readonly T[]) => Promise<readonly T[]>,
  ): Promise<void> {
    let left = items;
    for (let stalled = 0; left.length > 0; ) {
      const before = left.length;
      let failure: unknown = null;
      try {
        left = await attempt(left);
      } catch (error) {
        if (failureOf(error) === 'refused' || failureOf(error) === 'conflict')
          throw storeErrorOf(error, what);
        failure = error;
      }
      if (left.length === 0) return;
      stalled = left.length < before ? 0 : stalled + 1;
      if (stalled === mostTries) {
        if (failure !== null) throw storeErrorOf(failure, what);
        throw new StoreError(
          'throttled',
          `DynamoDB, ${what}: ${left.length} items were put off ${stalled} times`,
        );
      }
      await pause(stalled);
    }
  }

  async function one<R>(what: string, request: () => Promise<R>): Promise<R> {
    const results: R[] = [];
    await all(what, [request], async () => {
      results.push(await request());
      return [];
    });
    return results[0] as R;
  }

  return { all, one, pause };
}

const firstPause = 25;
const longestPause = 500;
