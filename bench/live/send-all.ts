import { setTimeout } from 'node:timers/promises';
import type { Body } from './bodies.ts';

export interface Sent {
  readonly events: number;
  /** From the start to the last answer. */
  readonly seconds: number;
  /** Times that the service said it was behind. */
  readonly refusals: number;
}

/** Sends bodies over some connections at once, each again for as long as the service is behind. */
export async function sendAll(url: string, bodies: Generator<Body>, started: number): Promise<Sent> {
  let events = 0;
  let refusals = 0;

  async function sender(): Promise<void> {
    for (const body of bodies) {
      for (;;) {
        const response = await postEvents(url, body.bytes);
        if (response.status === 200) break;
        if (response.status !== 429)
          throw new Error(`the service answers ${response.status}: ${response.text}`);
        refusals++;
        await setTimeout(1000 * response.retryAfter);
      }
      events += body.events;
    }
  }

  await Promise.all(Array.from({ length: connections }, sender));
  return { events, seconds: (performance.now() - started) / 1000, refusals };
}

const connections = 4;

export async function postEvents(url: string, body: Buffer | string) {
  const response = await fetch(`${url}/v1/events`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/x-ndjson' },
  });
  const retryAfter = Number(response.headers.get('retry-after') ?? 1);
  return { status: response.status, text: await response.text(), retryAfter };
}
