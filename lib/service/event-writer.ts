import type { EventLog, LogAppend, LogRecord } from '../runtime/ports.ts';
import { retrySeconds } from './limits.ts';

export interface EventWriter {
  /** Resolves with the events' records when they are durable. */
  append(events: readonly LogAppend[]): Promise<readonly LogRecord[]>;
  /** Why the last append failed; null where it did not, and once it is time to try again. */
  error(): Error | null;
}

/**
 * Appends to a log for many callers, and all that wait as one, so that one wait for the disk serves them all. The log
 * waits in this thread: an append is followed by a pause as long as itself, in which the service has its turn and more
 * events gather.
 */
export function createEventWriter(log: Pick<EventLog, 'append'>, onAppended: () => void): EventWriter {
  let waiting: Waiting[] = [];
  let pauseEnd = 0;
  let failure: { readonly error: Error; readonly at: number } | null = null;

  async function flush(): Promise<void> {
    const batch = waiting;
    waiting = [];
    const started = performance.now();
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
    } finally {
      const ended = performance.now();
      pauseEnd = ended + Math.min(ended - started, longestPause);
      // Also where it failed: what it has used up of the log must not look like events that wait.
      onAppended();
    }
  }

  return {
    append(events) {
      if (events.length === 0) return Promise.resolve([]);
      return new Promise((resolve, reject) => {
        if (waiting.length === 0) {
          const pause = pauseEnd - performance.now();
          if (pause < 1) setImmediate(flush);
          else setTimeout(flush, pause);
        }
        waiting.push({ events, resolve, reject });
      });
    },
    error: () =>
      failure !== null && performance.now() - failure.at < retrySeconds * 1_000 ? failure.error : null,
  };
}

const longestPause = 20;

interface Waiting {
  readonly events: readonly LogAppend[];
  readonly resolve: (records: readonly LogRecord[]) => void;
  readonly reject: (error: unknown) => void;
}
