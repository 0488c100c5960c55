import { Logger } from '@aws-lambda-powertools/logger';
import { createKinesisClient } from '../../lib/adapters/kinesis/client.ts';
import { createKinesisProducer } from '../../lib/adapters/kinesis/producer.ts';
import type { Definitions } from '../../lib/define/index.ts';
import { metricNames } from '../../lib/runtime/metric-names.ts';
import { defaultLimits } from '../../lib/service/limits.ts';
import { createCounter } from '../counter.ts';
import { type Environment, EnvironmentError, requiredMap } from '../environment.ts';
import { createHttpHandler } from '../http-api.ts';
import { createIngestRoute } from './route.ts';

/**
 * The function that takes events over HTTP and puts them to Kinesis. Environment: `MILLRACE_STREAMS`, a JSON object of
 * the streams it takes with the names of their Kinesis streams; Powertools' own; the SDK's own. Give the function 15
 * seconds: an event is tried for ten of them. Throws EnvironmentError.
 */
export function createIngestFunction({ plan }: Pick<Definitions, 'plan'>, environment: Environment) {
  const count = createCounter('stream');
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
    return { stream, producer };
  });
  const route = createIngestRoute({
    streams,
    maxEvents: defaultLimits.eventsPerRequest,
    observe: (stream, { accepted, rejected, failed }) =>
      count(stream, {
        [metricNames.eventsAccepted]: accepted,
        [metricNames.eventsRejected]: rejected,
        [metricNames.eventsFailed]: failed,
      }),
  });
  return createHttpHandler({ route, bodyBytes: defaultLimits.bodyBytes, logger: new Logger() });
}
