import type { EventLog, LogAppend, LogRecord } from '../runtime/ports.ts';

export interface EventWriter {
  /** Resolves with the events' records when they are durable. */
  append(events: readonly LogAppend[]): Promise<readonly LogRecord[]>;
  /** Events that were given and are not durable yet. */
  pending(): number;
}

/**
 * Appends to a log for many callers, and all that wait as one, so that one wait for the disk serves them all. The log
 * waits in this thread: an append is followed by a pause as long as itself, in which the service has its turn and more
 * events gather.
 */
export function createEventWriter(log: Pick<EventLog, 'append'>, onAppended: () => void): EventWriter {
  let waiting: Waiting[] = [];
  let pending = 0;
  let pauseEnd = 0;

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
      onAppended();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      for (const { events } of batch) pending -= events.length;
      const ended = performance.now();
      pauseEnd = ended + Math.min(ended - started, longestPause);
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
        pending += events.length;
      });
    },
    pending: () => pending,
  };
}

const longestPause = 20;

interface Waiting {
  readonly events: readonly LogAppend[];
  readonly resolve: (records: readonly LogRecord[]) => void;
  readonly reject: (error: unknown) => void;
}
