import { readFile } from 'node:fs/promises';
import { answering } from './asking.ts';
import { batchesOf, evenEvents } from './bodies.ts';
import { type Freshness, type FreshnessOptions, measureFreshness } from './freshness.ts';
import { type Sent, sendAll } from './send-all.ts';

/** The client of a live benchmark, as a process of its own that its parent asks. */
export interface ClientQuestions {
  /** Sends an NDJSON file as fast as the service takes it, from the opening of the file to the last answer. */
  sendFile: (options: { readonly url: string; readonly path: string }) => Promise<Sent>;
  /** Makes events of users drawn evenly, and sends them in the same way. */
  sendEven: (options: EvenOptions) => Promise<Sent>;
  freshness: (options: FreshnessOptions) => Promise<Freshness>;
}

interface EvenOptions {
  readonly url: string;
  readonly events: number;
  readonly users: number;
  readonly seed: number;
}

answering<ClientQuestions>({
  async sendFile({ url, path }) {
    const started = performance.now();
    return sendAll(url, batchesOf(await readFile(path), eventsPerBody), started);
  },
  sendEven: ({ url, ...options }) => sendAll(url, evenEvents(options, eventsPerBody), performance.now()),
  freshness: measureFreshness,
});

const eventsPerBody = 1_000;
