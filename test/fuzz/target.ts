import { setTimeout } from 'node:timers/promises';
import { arrivalBytes, createFeed } from '../../features/feed/generator/index.ts';
import feed from '../../features/feed/index.ts';
import { serve } from '../../lib/local/index.ts';

const firstEvents = 5_000;
const eventsPerRequest = 200;
const pauseMs = 100;

/** A service of the feed's definitions, into which events flow until it is stopped. */
export async function startTarget(directory: string, seed: number) {
  const errors: unknown[] = [];
  const service = await serve({
    directory,
    definitions: feed,
    create: true,
    port: 0,
    durability: 'os',
    onError: error => errors.push(error),
  });
  const arrivals = createFeed({
    seed,
    users: 1_000,
    items: 1_000,
    authors: 100,
    start: Date.now() - 3_600_000,
  });
  let events = 0;

  async function send(count: number): Promise<void> {
    const lines = Array.from({ length: count }, () => [arrivalBytes(arrivals.next().value), newline]);
    const { status } = await fetch(`${service.url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: Buffer.concat(lines.flat()),
    });
    if (status !== 200) errors.push(new Error(`events of the feed were answered with ${status}`));
    events += count;
  }

  await send(firstEvents);
  const stopping = new AbortController();
  const flowing = (async () => {
    while (!stopping.signal.aborted) {
      await send(eventsPerRequest);
      await setTimeout(pauseMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  })();

  return {
    url: service.url,
    /** Says how many events flowed, and what went wrong in the service, by its own account. */
    async stop(): Promise<{ readonly events: number; readonly problems: readonly string[] }> {
      stopping.abort();
      await flowing;
      const metrics = await (await fetch(`${service.url}/metrics`)).text();
      const failed = metrics
        .split('\n')
        .filter(line => /^millrace_http_requests_total\{.*status="5/.test(line));
      await service.stop();
      return { events, problems: [...failed, ...errors.map(String)] };
    },
  };
}

const newline = Buffer.from('\n');
