import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The events of the request, as they were sent. */
  readonly events: readonly Record<string, unknown>[];
}

/** Answers a request, or does not. */
export type Step = (response: ServerResponse, received: Received) => void;

/** Accepts all events. */
export const accept: Step = (response, { events }) => {
  const accepted = events.map((_, i) => ({ status: 'accepted', position: `s/${i}` }));
  response.end(JSON.stringify({ accepted: events.length, rejected: 0, events: accepted }));
};

/** Answers as the ingest function does where Kinesis did not take these events. */
export const failSome =
  (fails: (user: unknown) => boolean, reason: string): Step =>
  (response, { events }) => {
    const outcomes = events.map(({ user }, i) =>
      fails(user)
        ? { status: 'failed', reason, message: `told so: ${reason}`, uncertain: false }
        : { status: 'accepted', position: `s/${i}` },
    );
    response.end(JSON.stringify({ events: outcomes }));
  };

/** Answers with an error of the service. */
export const refuse =
  (status: number, code: string, headers: Readonly<Record<string, string>> = {}): Step =>
  response => {
    response.writeHead(status, headers).end(JSON.stringify({ error: { code, message: `told so: ${code}` } }));
  };

/** Breaks the connection without an answer. */
export const hangUp: Step = response => response.destroy();

/** Leaves the client waiting. */
export const ignore: Step = () => {};

/** Something that answers requests for events as the test says: one step each, and the last for all that follow. */
export async function scriptService(...steps: readonly [Step, ...Step[]]) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
    const events = text
      .toString()
      .split('\n')
      .map(line => JSON.parse(line));
    const one = { path: request.url!, headers: request.headers, events };
    received.push(one);
    const step = steps[Math.min(received.length, steps.length) - 1]!;
    step(response, one);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const stop = () =>
    new Promise<void>(resolve => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  onTestFinished(stop);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received, stop };
}
