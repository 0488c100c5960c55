import { setImmediate } from 'node:timers/promises';
import type { EventLog, LogAppend, LogRecord } from '../runtime/ports.ts';
import { retrySeconds } from './limits.ts';

export interface EventWriter {
  /** Resolves with the events' records when they are durable. */
  append(events: readonly LogAppend[]): Promise<readonly LogRecord[]>;
  /** Why the last append failed; null where it did not, and once it is time to try again. */
  error(): Error | null;
  /** Events that are not in the log yet. */
  pending(): number;
}

/**
 * Appends to a log for many callers, and all that wait as one, so that one wait for the disk serves them all. `onEnd`
 * is called after each append, also after one that failed: the log's sequence numbers have moved on.
 */
export function createEventWriter(log: Pick<EventLog, 'append'>, onEnd: () => void): EventWriter {
  let waiting: Waiting[] = [];
  let pending = 0;
  let flushing = false;
  let failure: { readonly error: Error; readonly at: number } | null = null;

  async function flush(): Promise<void> {
    flushing = true;
    while (waiting.length > 0) {
      // What else has arrived by now comes along.
      await setImmediate();
      const batch = waiting;
      waiting = [];
      pending = 0;
      await append(batch);
    }
    flushing = false;
  }

  async function append(batch: readonly Waiting[]): Promise<void> {
    try {
      const records = await log.append(batch.flatMap(one => one.events));
      let from = 0;
      for (const { events, resolve } of batch) {
        resolve(records.slice(from, from + events.length));
        from += events.length;
      }
      failure = null;
    } catch (error) {
      failure = { error: error as Error, at: performance.now() };
      for (const { reject } of batch) reject(error);
    }
    onEnd();
  }

  return {
    append(events) {
      if (events.length === 0) return Promise.resolve([]);
      return new Promise((resolve, reject) => {
        waiting.push({ events, resolve, reject });
        pending += events.length;
        if (!flushing) flush();
      });
    },
    error: () =>
      failure !== null && performance.now() - failure.at < retrySeconds * 1_000 ? failure.error : null,
    pending: () => pending,
  };
}

interface Waiting {
  readonly events: readonly LogAppend[];
  readonly resolve: (records: readonly LogRecord[]) => void;
  readonly reject: (error: unknown) => void;
}
