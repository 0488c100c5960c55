import { Logger } from '@aws-lambda-powertools/logger';
import { systemClock } from '../../lib/adapters/clock.ts';
import { createKinesisClient } from '../../lib/adapters/kinesis/client.ts';
import { createKinesisProducer } from '../../lib/adapters/kinesis/producer.ts';
import type { Definitions } from '../../lib/define/index.ts';
import { metricNames } from '../../lib/runtime/metric-names.ts';
import { defaultLimits } from '../../lib/service/limits.ts';
import { createCounter } from '../counter.ts';
import { type Environment, EnvironmentError, numberIn, required, requiredMap } from '../environment.ts';
import { createHttpHandler } from '../http-api.ts';
import { later } from '../later.ts';
import { type Backlog, createBacklog } from './backlog.ts';
import { createIngestRoute } from './route.ts';

/**
 * The function that takes events over HTTP and puts them to Kinesis. Environment: `MILLRACE_STREAMS`, a JSON object of
 * the streams it takes with the names of their Kinesis streams; `MILLRACE_MAX_BEHIND_SECONDS`, for how long an event may
 * wait for the transform before others are refused, and with it `MILLRACE_PROGRESS_TABLE` and `MILLRACE_INCARNATIONS`, a
 * JSON object of the streams with the names of their present lives; Powertools' own; the SDK's own. Give the function 15
 * seconds: an event is tried for ten of them. Throws EnvironmentError.
 */
export function createIngestFunction({ plan }: Pick<Definitions, 'plan'>, environment: Environment) {
  const count = createCounter('stream');
  const logger = new Logger();
  const backlogOf = openBacklogs(environment, error => logger.warn('progress was not read', error as Error));
  const client = createKinesisClient();
  const streams = [...requiredMap(environment, 'MILLRACE_STREAMS')].map(([name, streamName]) => {
    const stream = plan.streams.find(s => s.name === name);
    if (stream === undefined) throw new EnvironmentError(`MILLRACE_STREAMS: the Plan has no stream ${name}`);
    const producer = createKinesisProducer({
      client,
      streamName,
      timeoutMs: 10_000,
      requestMs: 3_000,
      observe: ({ records, throttled }) =>
        count(name, { [metricNames.recordsPut]: records, [metricNames.recordsThrottled]: throttled }),
    });
    const backlog = backlogOf(name);
    return { stream, producer, ...(backlog === null ? {} : { backlog }) };
  });
  const route = createIngestRoute({
    streams,
    maxEvents: defaultLimits.eventsPerRequest,
    onRefused: stream => count(stream, { [metricNames.requestsRefused]: 1 }),
    observe(stream, { accepted, rejected, failed }) {
      count(stream, {
        [metricNames.eventsAccepted]: accepted,
        [metricNames.eventsRejected]: rejected,
        [metricNames.eventsFailed]: failed,
      });
      if (failed > 0) logger.warn('events were not stored', { stream, accepted, failed });
    },
  });
  return createHttpHandler({ route, bodyBytes: defaultLimits.bodyBytes, logger });
}

/** What is known of each stream's backlog; of none where no limit is set. */
function openBacklogs(
  environment: Environment,
  onError: (error: unknown) => void,
): (stream: string) => Backlog | null {
  const seconds = numberIn(environment, 'MILLRACE_MAX_BEHIND_SECONDS', null);
  if (seconds === null) return () => null;
  const table = required(environment, 'MILLRACE_PROGRESS_TABLE');
  const incarnations = requiredMap(environment, 'MILLRACE_INCARNATIONS');
  // DynamoDB's client is as large as all else.
  const progress = later(async () => (await import('../progress.ts')).openProgress(table));
  return stream => {
    const incarnation = incarnations.get(stream);
    if (incarnation === undefined)
      throw new EnvironmentError(`MILLRACE_INCARNATIONS has no life of stream ${stream}`);
    return createBacklog({
      readProgress: async () => (await progress()).readProgress(incarnation),
      limitMs: seconds * 1_000,
      clock: systemClock,
      onError,
    });
  };
}
