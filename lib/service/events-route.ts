import type { LogAppend } from '../runtime/ports.ts';
import { HttpError } from './errors.ts';
import { createBodyReader, isRefused } from './event-body.ts';
import type { Route } from './routes.ts';
import type { Service } from './service.ts';
import { streamNamed } from './stream-named.ts';

/**
 * `POST /v1/events`: an answer for each event, in their order. Accepted means durable on disk; its position is also
 * the id under which it is found in quarantine, should it turn out to be bad.
 */
export function createEventsRoute({ streams, limits, metrics, stopping }: Service): Route {
  const maxEvents = limits.eventsPerRequest;
  const served = new Map(
    [...streams].map(([name, one]) => [
      name,
      { ...one, read: createBodyReader({ stream: one.stream, maxEvents }) },
    ]),
  );

  return {
    method: 'POST',
    path: '/v1/events',
    query: ['stream'],
    types: ['application/json', 'application/x-ndjson'],
    async answer({ query, body, type }) {
      const { stream, writer, processor, read } = streamNamed(served, query.stream);
      if (stopping()) throw new HttpError('unavailable', 'the service stops: try again later', retryAfter(5));
      const waiting = () => processor.behind() + writer.pending();
      // Of those that wait already it is known before the body is read.
      refuseWhenBehind(waiting(), 1, limits.eventsBehind);
      const events = read(body, type === 'application/json' ? 'json' : 'ndjson');
      const taken = events.filter((event): event is LogAppend => !isRefused(event));
      refuseWhenBehind(waiting(), taken.length, limits.eventsBehind);
      const records = await writer.append(taken);
      metrics.received.inc({ stream: stream.name, outcome: 'accepted' }, taken.length);
      metrics.received.inc({ stream: stream.name, outcome: 'rejected' }, events.length - taken.length);
      let next = 0;
      const answers = events.map(event => {
        if (isRefused(event)) return { status: 'rejected', reason: event.rejected, message: event.message };
        const { shard, sequence } = records[next++]!;
        return { status: 'accepted', position: `${stream.name}/${shard}/${sequence}/0` };
      });
      const counts = { accepted: taken.length, rejected: events.length - taken.length };
      return { body: JSON.stringify({ ...counts, events: answers }) };
    },
  };
}

/** A request of more events than may wait is taken when none do. */
function refuseWhenBehind(behind: number, more: number, most: number): void {
  if (behind === 0 || behind + more <= most) return;
  const message = `${behind} events wait to be processed, ${most} at most: send the same again later`;
  throw new HttpError('behind', message, retryAfter(1));
}

const retryAfter = (seconds: number) => ({ 'retry-after': String(seconds) });
