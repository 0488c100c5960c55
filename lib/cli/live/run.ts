import { setTimeout } from 'node:timers/promises';
import type { Served } from '../../local/index.ts';
import { askService, serviceAt } from '../service-client.ts';
import type { LiveExample } from './example.ts';
import { produce } from './producer.ts';
import { createWatcher, type Snapshot } from './watcher.ts';

export interface LiveOptions {
  readonly example: LiveExample;
  readonly served: Served;
  /** Events a second. */
  readonly rate: number;
  /** After either it ends. */
  readonly seconds?: number;
  readonly events?: number;
  readonly interrupted: AbortSignal;
  readonly show: (snapshot: Snapshot) => void;
}

/**
 * Sends an example's events to its service and shows how it stands, twice a second, until it is to end. Gives the last
 * snapshot, taken when all that was sent is processed. Rejects where the service cannot be read or refuses a request.
 */
export async function runLive(options: LiveOptions): Promise<Snapshot> {
  const { example, served, rate, seconds, events, interrupted, show } = options;
  const look = createWatcher(example, served);
  show(await look());

  const allSent = new AbortController();
  const time = seconds === undefined ? [] : [AbortSignal.timeout(seconds * 1000)];
  const ending = AbortSignal.any([interrupted, allSent.signal, ...time]);
  // The request in hand is finished; where the service takes none now, it is not waited for much longer.
  const patience = new AbortController();
  ending.addEventListener('abort', () => globalThis.setTimeout(() => patience.abort(), patienceMs).unref());
  const producing = produce({
    begin: start => example.events({ start, eventsPerSecond: rate }),
    send: batch => sendEvents(served.url, batch, patience.signal),
    most: events ?? Number.POSITIVE_INFINITY,
    signal: ending,
  })
    .catch(error => {
      if (!patience.signal.aborted) throw error;
    })
    .finally(() => allSent.abort());
  // Whoever waits for it is told; until then an error is no crash.
  producing.catch(() => {});

  while (!ending.aborted) {
    await setTimeout(lookMs, undefined, { signal: ending }).catch(() => {});
    show(await look());
  }
  await producing;
  await untilProcessed(served);
  return look();
}

const lookMs = 500;
const patienceMs = 5_000;

async function sendEvents(url: string, events: readonly Uint8Array[], signal: AbortSignal): Promise<void> {
  const body = Buffer.concat(events.flatMap(event => [event, newline]));
  await askService(serviceAt(url), '/v1/events', {
    method: 'POST',
    type: 'application/x-ndjson',
    body,
    signal,
  });
}

const newline = Buffer.from('\n');

/** Other clients may go on sending: a stop processes the rest in any case. */
async function untilProcessed(served: Served): Promise<void> {
  const end = performance.now() + patienceMs;
  const behind = async () => (await served.status()).streams.some(stream => stream.behind > 0);
  while (performance.now() < end && (await behind())) await setTimeout(pollMs);
}

const pollMs = 20;
