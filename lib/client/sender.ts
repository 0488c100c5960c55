import type { Delivered } from './delivery.ts';
import { BufferFullError, RequestRefusedError } from './errors.ts';
import type { EventLine } from './event-lines.ts';
import type { EventOutcome } from './outcome.ts';
import { type Deadline, deadlineIn } from './retry.ts';

export interface SenderLimits {
  /** Events in a request, at most. */
  readonly batchEvents: number;
  /** Bytes in a request, before packing; one event may be more. */
  readonly batchBytes: number;
  /** How long an event waits for others to go with, in ms. */
  readonly lingerMs: number;
  /** Requests under way at a time; events wait while there are so many. */
  readonly requestsInFlight: number;
  /** Bytes of events that may wait or be under way; a call beyond that is refused with BufferFullError. */
  readonly bufferBytes: number;
  /** From the call of `send` until an event without acknowledgement is given up, in ms, less up to a tenth. */
  readonly sendDeadlineMs: number;
}

export interface SenderOptions {
  readonly limits: SenderLimits;
  /** The service, for messages. */
  readonly service: string;
  /** Sends lines until they are answered: an outcome for each. Throws what ended that. */
  readonly deliver: (lines: readonly string[], deadline: Deadline) => Promise<readonly Delivered[]>;
}

export interface Sender {
  /** Resolves when every event has an outcome; throws BufferFullError. */
  send(events: readonly EventLine[]): Promise<readonly EventOutcome[]>;
  /** Resolves when every event sent before has an outcome. */
  flush(): Promise<void>;
}

/** Gathers the events of many calls into requests, a bounded number of them at a time. */
export function createSender({ limits, service, deliver }: SenderOptions): Sender {
  let queue: Waiting[] = [];
  let queuedBytes = 0;
  let heldBytes = 0;
  let requests = 0;
  let linger: NodeJS.Timeout | null = null;
  const calls = new Set<Promise<unknown>>();

  const isFull = () => queue.length >= limits.batchEvents || queuedBytes >= limits.batchBytes;

  function dispatch(): void {
    while (requests < limits.requestsInFlight && queue.length > 0 && (isFull() || linger === null)) {
      const batch = takeBatch();
      requests++;
      sendBatch(batch).finally(() => {
        requests--;
        dispatch();
      });
    }
  }

  function takeBatch(): readonly Waiting[] {
    // All are given up with the first: later ones are left to a later batch.
    const latest = queue[0]!.deadline.at + limits.sendDeadlineMs / 10;
    let bytes = 0;
    let count = 0;
    for (; count < queue.length && count < limits.batchEvents; count++) {
      const next = queue[count]!;
      if (count > 0 && (bytes + next.bytes > limits.batchBytes || next.deadline.at > latest)) break;
      bytes += next.bytes;
    }
    const batch = queue.slice(0, count);
    queue = queue.slice(count);
    queuedBytes -= bytes;
    return batch;
  }

  async function sendBatch(batch: readonly Waiting[]): Promise<void> {
    const { deadline } = batch[0]!;
    try {
      const outcomes = await deliver(
        batch.map(one => one.line.text),
        deadline,
      );
      for (const [i, one] of batch.entries()) settle(one, outcomes[i]!);
    } catch (error) {
      if (error instanceof RequestRefusedError && tooMuch.has(error.code) && batch.length > 1) {
        const half = batch.length >> 1;
        await sendBatch(batch.slice(0, half));
        await sendBatch(batch.slice(half));
        return;
      }
      for (const one of batch) settle(one, { status: 'unacknowledged', error: error as Error });
    }
  }

  function settle(one: Waiting, outcome: Delivered): void {
    heldBytes -= one.bytes;
    one.settle(outcome.status === 'unacknowledged' ? { ...outcome, event: one.line.event } : outcome);
  }

  return {
    send(events) {
      if (events.length === 0) return Promise.resolve([]);
      const sizes = events.map(({ text }) => Buffer.byteLength(text) + 1);
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      // One call alone may be larger: its memory is its caller's already.
      if (heldBytes > 0 && heldBytes + bytes > limits.bufferBytes) {
        const message = `${heldBytes} bytes of events wait for ${service}, ${limits.bufferBytes} at most: await earlier calls of send first`;
        return Promise.reject(new BufferFullError(message));
      }
      heldBytes += bytes;
      queuedBytes += bytes;
      const deadline = deadlineIn(limits.sendDeadlineMs);
      const outcomes = events.map(
        (line, i) =>
          new Promise<EventOutcome>(settle => queue.push({ line, bytes: sizes[i]!, deadline, settle })),
      );
      if (linger === null && !isFull() && limits.lingerMs > 0) {
        linger = setTimeout(() => {
          linger = null;
          dispatch();
        }, limits.lingerMs);
      }
      dispatch();
      const call = Promise.all(outcomes);
      calls.add(call);
      call.finally(() => calls.delete(call));
      return call;
    },
    async flush() {
      if (linger !== null) clearTimeout(linger);
      linger = null;
      dispatch();
      await Promise.all(calls);
    },
  };
}

interface Waiting {
  readonly line: EventLine;
  readonly bytes: number;
  readonly deadline: Deadline;
  settle(outcome: EventOutcome): void;
}

/** The service takes less in a request than this client's limits say. */
const tooMuch: ReadonlySet<string> = new Set(['too-many', 'too-large']);
