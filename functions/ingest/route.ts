import type { EventOutcome, FailedEvent } from '../../lib/adapters/kinesis/outcome.ts';
import type { KinesisProducer } from '../../lib/adapters/kinesis/producer.ts';
import type { StreamPlan } from '../../lib/kernel/index.ts';
import type { LogAppend } from '../../lib/runtime/ports.ts';
import { HttpError } from '../../lib/service/errors.ts';
import { createBodyReader, isRefused } from '../../lib/service/event-body.ts';
import { retrySeconds } from '../../lib/service/limits.ts';
import type { Route } from '../../lib/service/routes.ts';
import { streamNamed } from '../../lib/service/stream-named.ts';
import type { Backlog } from './backlog.ts';

export interface IngestedStream {
  readonly stream: StreamPlan;
  readonly producer: KinesisProducer;
  /** Where the stream refuses events while its transform is behind. */
  readonly backlog?: Backlog;
}

export interface IngestRouteOptions {
  readonly streams: readonly IngestedStream[];
  readonly maxEvents: number;
  /** Told of a request that was refused because the transform is behind. */
  readonly onRefused: (stream: string) => void;
  /** Told what became of the events of a request. */
  readonly observe: (stream: string, counts: IngestCounts) => void;
}

export interface IngestCounts {
  readonly accepted: number;
  readonly rejected: number;
  readonly failed: number;
}

/**
 * `POST /v1/events` in front of Kinesis: an answer for each event, in their order. Accepted means stored by Kinesis,
 * at the position that is said. A failed one was not stored within its time, or not for certain: only these are to be
 * sent again. Where nothing was stored and all may be sent again, the whole request is answered with 429 or 503; so it is
 * while the transform is further behind than it may be.
 */
export function createIngestRoute(options: IngestRouteOptions): Route {
  const { streams, maxEvents, observe, onRefused } = options;
  const served = new Map(
    streams.map(({ stream, producer, backlog }) => [
      stream.name,
      { name: stream.name, producer, backlog, read: createBodyReader({ stream, maxEvents }) },
    ]),
  );

  return {
    method: 'POST',
    path: '/v1/events',
    query: ['stream'],
    types: ['application/json', 'application/x-ndjson'],
    async answer({ query, body, type }) {
      const { name, producer, backlog, read } = streamNamed(served, query.stream);
      const behindMs = (await backlog?.behindMs()) ?? null;
      if (behindMs !== null) {
        onRefused(name);
        throw behind(name, behindMs);
      }
      const events = read(body, type === 'application/json' ? 'json' : 'ndjson');
      const taken = events.filter((event): event is LogAppend => !isRefused(event));
      const outcomes = await producer.append(taken);
      backlog?.stored(outcomes);
      const failed = outcomes.filter(isFailed);
      const counts = {
        accepted: outcomes.length - failed.length,
        rejected: events.length - taken.length,
        failed: failed.length,
      };
      observe(name, counts);
      refuseWhole(outcomes, failed);
      let next = 0;
      const answers = events.map(event =>
        isRefused(event)
          ? { status: 'rejected', reason: event.rejected, message: event.message }
          : answerOf(name, outcomes[next++]!),
      );
      return { body: JSON.stringify({ ...counts, events: answers }) };
    },
  };
}

const behind = (stream: string, ms: number): HttpError =>
  new HttpError(
    'behind',
    `the transform of ${stream} is ${Math.floor(ms / 1_000)} s behind, more than it may be: send the same again later`,
    { 'retry-after': String(retrySeconds) },
  );

const isFailed = (outcome: EventOutcome): outcome is FailedEvent => outcome.status === 'failed';

function answerOf(stream: string, outcome: EventOutcome) {
  if (isFailed(outcome)) return outcome;
  const { shard, sequence, index } = outcome;
  return { status: 'accepted', position: `${stream}/${shard}/${sequence}/${index}` };
}

/** Throws where nothing was stored, so that callers need to know one kind of retry only. */
function refuseWhole(outcomes: readonly EventOutcome[], failed: readonly FailedEvent[]): void {
  const [first] = failed;
  if (first === undefined || failed.length < outcomes.length) return;
  const mayPass = failed.every(({ reason }) => reason === 'throttled' || reason === 'unavailable');
  if (!mayPass) return;
  const code = first.reason === 'throttled' ? 'behind' : 'unavailable';
  const message = 'the stream did not take the events in time: send the same again later';
  throw new HttpError(code, message, { 'retry-after': '1' });
}
