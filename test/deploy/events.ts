import { type Arrival, arrivalBytes, badReasons, createFeed } from '../../features/feed/generator/index.ts';

const day = 86_400_000;

/** How far the times of the events go back, at least. */
export const spanDays = 8;

/** What the functions refuse at the door: no stream could take it. */
const refusedReasons: ReadonlySet<unknown> = new Set(['not-json', 'bad-encoding', 'too-large']);

export interface EventRequest {
  /** One event a line. */
  readonly body: Buffer;
  readonly events: number;
  /** Of these, how many are to be refused. */
  readonly refused: number;
}

export interface EventOptions {
  readonly events: number;
  readonly seed: number;
  /** Epoch ms up to which people watch. */
  readonly until: number;
}

/**
 * More than eight days of the feed, with more going wrong than usually does: late, repeated and bad events, and such of
 * fast clocks. They are all sent now, so that nearly all of them are late by minutes to days, and still count.
 */
export function feedEvents({ events, seed, until }: EventOptions): readonly Arrival[] {
  const scale = Math.sqrt(events);
  const feed = createFeed({
    seed,
    users: Math.ceil(scale),
    items: Math.ceil(1.5 * scale),
    authors: Math.ceil(scale / 4),
    // People come in sessions: as many events take some days more or less.
    start: until - 2 * spanDays * day,
    eventsPerSecond: events / (1 + copies) / ((spanDays + 1) * 86_400),
    rates: {
      reordered: 0.05,
      late: 0.04,
      ahead: 0.02,
      copy: copies - staleCopies,
      staleCopy: staleCopies,
      bad: Object.fromEntries(badReasons.map(reason => [reason, reason === 'too-large' ? 0.0003 : 0.003])),
    },
  });
  const arrivals: Arrival[] = [];
  for (const arrival of feed) {
    if (arrival.arrivalTime > until) break;
    arrivals.push(arrival);
  }
  return arrivals.slice(-events);
}

const copies = 0.08;
const staleCopies = 0.02;

/** The same as bodies of `POST /v1/events`, of `size` events at most and a megabyte or so. */
export function requestsOf(arrivals: readonly Arrival[], size: number): readonly EventRequest[] {
  const requests: EventRequest[] = [];
  let lines: Buffer[] = [];
  let bytes = 0;
  let refused = 0;
  const end = (): void => {
    if (lines.length > 0) requests.push({ body: Buffer.concat(lines), events: lines.length, refused });
    lines = [];
    bytes = 0;
    refused = 0;
  };
  for (const arrival of arrivals) {
    const line = Buffer.concat([arrivalBytes(arrival), newline]);
    if (bytes + line.length > 1_000_000) end();
    lines.push(line);
    bytes += line.length;
    if (refusedReasons.has(arrival.reason)) refused++;
    if (lines.length === size) end();
  }
  end();
  return requests;
}

const newline = Buffer.from('\n');
