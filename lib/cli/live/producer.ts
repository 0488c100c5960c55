import { setTimeout } from 'node:timers/promises';
import type { LiveEvent } from './example.ts';

export interface ProducerOptions {
  /** Events that arrive from a time (epoch ms) on. */
  readonly begin: (start: number) => Iterator<LiveEvent>;
  /** Resolves when they are taken. */
  readonly send: (events: readonly Uint8Array[]) => Promise<void>;
  /** Events after which it ends; none means never. */
  readonly most?: number;
  readonly signal: AbortSignal;
}

/** Sends events at the times at which they arrive, as a client would, until the signal or the last of them. */
export async function produce({ begin, send, most = Infinity, signal }: ProducerOptions): Promise<void> {
  const takeDue = createDueEvents(begin, Date.now());
  let left = most;
  while (!signal.aborted && left > 0) {
    const events = takeDue(Date.now(), Math.min(left, eventsPerRequest));
    if (events.length > 0) await send(events);
    left -= events.length;
    // What has piled up is sent at once.
    if (events.length < eventsPerRequest) await setTimeout(interval, undefined, { signal }).catch(() => {});
  }
}

/** In ms. An event waits for half of it on average; shorter ones make many small requests. */
const interval = 50;
const eventsPerRequest = 2_000;

/**
 * Gives the events that are due at a time, by their order, and at most so many. What a machine slept through, or a
 * clock jumped over, is left out: events begin anew from the time that it has become.
 */
export function createDueEvents(
  begin: (start: number) => Iterator<LiveEvent>,
  start: number,
): (now: number, most: number) => Uint8Array[] {
  let events = begin(start);
  let next = events.next().value as LiveEvent;
  return (now, most) => {
    if (Math.abs(now - next.arrivalTime) > longestGap) {
      events = begin(now);
      next = events.next().value as LiveEvent;
    }
    const due: Uint8Array[] = [];
    while (next.arrivalTime <= now && due.length < most) {
      due.push(next.bytes);
      next = events.next().value as LiveEvent;
    }
    return due;
  };
}

const longestGap = 10_000;
