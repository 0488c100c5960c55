import { setTimeout } from 'node:timers/promises';
import { arrivalBytes, createFeed, noFaults } from '../../features/feed/generator/index.ts';
import { quantile } from '../result.ts';
import { postEvents } from './send-all.ts';

export interface FreshnessOptions {
  readonly url: string;
  readonly eventsPerSecond: number;
  readonly seconds: number;
  readonly seed: number;
}

/** Milliseconds, as the client sees them. */
export interface Freshness {
  /** From the answer that a marked event is accepted to the answer that its user has the feature. */
  readonly freshness: { readonly p50: number; readonly p99: number; readonly count: number };
  /** From when a read was due to its answer, while all this goes on. */
  readonly read: { readonly p50: number; readonly p99: number };
  /** From when a request with events was due to its answer. */
  readonly accepted: { readonly p50: number; readonly p99: number };
  /** Requests that were not answered with 200. */
  readonly failed: number;
}

/**
 * Sends a feed at a steady rate, ten requests each 100 ms, each with one event of a user that was never seen before.
 * Once that is acknowledged, its user's features are asked for every few milliseconds until they are there. So a
 * freshness is what a client can see, at most one interval of asking and one read too large.
 */
export async function measureFreshness(options: FreshnessOptions): Promise<Freshness> {
  const { url, eventsPerSecond, seconds, seed } = options;
  const requests = Math.ceil((seconds * 1000) / sendInterval);
  const perRequest = Math.ceil((eventsPerSecond * sendInterval) / 1000);
  const bodies = feedBodies({ requests, perRequest, eventsPerSecond, seed });

  /** When the users' events were acknowledged. */
  const awaited = new Map<string, number>();
  const freshness: number[] = [];
  const reads: number[] = [];
  const accepted: number[] = [];
  let failed = 0;
  let sending = true;

  const sender = atEvery(sendInterval, requests, async (request, due) => {
    const { text, user } = bodies[request]!;
    const status = await postEvents(url, text).then(
      answer => answer.status,
      () => 0,
    );
    const now = performance.now();
    if (status === 200) awaited.set(user, now);
    else failed++;
    accepted.push(now - due);
  });

  const watcher = async () => {
    while (sending || awaited.size > 0) {
      const users = [...awaited.keys()].slice(0, mostEntities);
      const known = users.length === 0 ? [] : await knownUsers(url, users).catch(() => []);
      const now = performance.now();
      for (const user of known) {
        freshness.push(now - awaited.get(user)!);
        awaited.delete(user);
      }
      await setTimeout(askInterval);
    }
  };

  const reader = atEvery(readInterval, (seconds * 1000) / readInterval, async (n, due) => {
    const entities = [{ user: bodies[n % bodies.length]!.someone }];
    await read(url, { group: 'user_engagement', entities }).catch(() => {
      failed++;
    });
    reads.push(performance.now() - due);
  });

  const watching = watcher();
  await Promise.all([sender, reader]);
  sending = false;
  await Promise.race([watching, setTimeout(60_000)]);
  if (awaited.size > 0) throw new Error(`${awaited.size} users are not there after a minute`);
  const of = (values: number[]) => ({ p50: quantile(values, 0.5), p99: quantile(values, 0.99) });
  return {
    freshness: { ...of(freshness), count: freshness.length },
    read: of(reads),
    accepted: of(accepted),
    failed,
  };
}

const sendInterval = 10;
const askInterval = 4;
const readInterval = 10;
/** In one read, as the service has it. */
const mostEntities = 1_000;

/** Calls `what` at steady times, whether or not the earlier calls have ended; resolves when all have. */
async function atEvery(
  interval: number,
  times: number,
  what: (n: number, due: number) => Promise<void>,
): Promise<void> {
  const started = performance.now();
  const calls: Promise<void>[] = [];
  for (let n = 0; n < times; n++) {
    const due = started + n * interval;
    const wait = due - performance.now();
    if (wait > 0) await setTimeout(wait);
    calls.push(what(n, due));
  }
  await Promise.all(calls);
}

async function read(url: string, request: object): Promise<{ entities: { status: string }[] }> {
  const response = await fetch(`${url}/v1/features`, {
    method: 'POST',
    body: JSON.stringify(request),
    headers: { 'content-type': 'application/json' },
  });
  if (response.status !== 200)
    throw new Error(`a read is answered ${response.status}: ${await response.text()}`);
  return response.json() as Promise<{ entities: { status: string }[] }>;
}

async function knownUsers(url: string, users: readonly string[]): Promise<string[]> {
  const { entities } = await read(url, { group: 'user_engagement', entities: users.map(user => ({ user })) });
  return users.filter((_, i) => entities[i]!.status === 'known');
}

interface FeedBodies {
  readonly requests: number;
  readonly perRequest: number;
  readonly eventsPerSecond: number;
  readonly seed: number;
}

/** Made before the time runs: each body's last event is of a user of its own, in place of `someone`. */
function feedBodies({ requests, perRequest, eventsPerSecond, seed }: FeedBodies) {
  const start = Date.now();
  const size = { users: 100_000, items: 50_000, authors: 5_000 };
  const feed = createFeed({ ...size, seed, start, eventsPerSecond, rates: noFaults });
  return Array.from({ length: requests }, (_, request) => {
    const lines: string[] = [];
    while (lines.length < perRequest - 1) lines.push(Buffer.from(arrivalBytes(feed.next().value)).toString());
    const { event } = feed.next().value;
    const user = `marked-${start}-${request}`;
    lines.push(JSON.stringify({ ...event, user, event_id: user }));
    return { user, someone: event.user, text: lines.join('\n') };
  });
}
