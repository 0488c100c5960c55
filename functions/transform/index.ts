import { Logger } from '@aws-lambda-powertools/logger';
import { systemClock } from '../../lib/adapters/clock.ts';
import { dynamoRowLimits } from '../../lib/adapters/dynamodb/tables.ts';
import type { Definitions } from '../../lib/define/index.ts';
import { createKinesisHandler } from '../../lib/runtime/kinesis-batch.ts';
import { metricNames } from '../../lib/runtime/metric-names.ts';
import type { StateStore } from '../../lib/runtime/ports.ts';
import { createTransform } from '../../lib/runtime/transform.ts';
import { createCounter } from '../counter.ts';
import { type Environment, required } from '../environment.ts';
import type { SetAside } from '../set-aside.ts';
import { createUnitCounter, openState } from '../state.ts';

/**
 * The function that folds a stream's events into feature rows, for an event source mapping of a Kinesis stream with
 * `ReportBatchItemFailures` and parallelization factor 1. Environment: `MILLRACE_STREAM`, the stream's name in the
 * definitions; `MILLRACE_INCARNATION`, the name of this life of the Kinesis stream; `MILLRACE_BUCKET`, where events go
 * that cannot be processed; that of state.ts; Powertools' own; the SDK's own. Throws EnvironmentError. `store` stands in
 * for DynamoDB, where it is given.
 */
export function createTransformFunction(
  { plan, functions }: Pick<Definitions, 'plan' | 'functions'>,
  environment: Environment,
  store?: StateStore,
) {
  const logger = new Logger();
  const count = createCounter('stream');
  const units = createUnitCounter();
  const stream = required(environment, 'MILLRACE_STREAM');
  const setAside = openLater(required(environment, 'MILLRACE_BUCKET'));
  const transform = createTransform({
    plan,
    functions,
    stream,
    incarnation: required(environment, 'MILLRACE_INCARNATION'),
    store: store ?? openState(environment, { consistentReads: true, onConsumed: units.add }),
    quarantine: { put: async events => (await setAside()).quarantine.put(events) },
    unapplied: { put: async events => (await setAside()).unapplied.put(events) },
    clock: systemClock,
    limits: dynamoRowLimits,
    code: `${plan.hash}/${environment.AWS_LAMBDA_FUNCTION_VERSION ?? ''}`,
    guardAfterMs: 60_000,
  });
  return createKinesisHandler({
    transform,
    observe({ accepted, skipped, late, bad, failed, error }) {
      count(stream, {
        [metricNames.eventsFolded]: accepted,
        [metricNames.eventsSkipped]: skipped,
        [metricNames.eventsLate]: late,
        [metricNames.eventsBad]: bad,
        [metricNames.eventsUnsettled]: failed,
        ...units.take(),
      });
      if (error !== null) logger.error('rows could not be written', error);
    },
    onError: error => logger.error('nothing of a batch could be done', error),
  });
}

/** S3's client is a third of the bundle, and most functions never meet a bad event: it is loaded with the first. */
function openLater(bucket: string): () => Promise<SetAside> {
  let opened: Promise<SetAside> | null = null;
  return () => {
    opened ??= import('../set-aside.ts').then(({ openSetAside }) => openSetAside(bucket));
    return opened;
  };
}
