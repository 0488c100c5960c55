import { Logger } from '@aws-lambda-powertools/logger';
import { systemClock } from '../../lib/adapters/clock.ts';
import { dynamoRowLimits } from '../../lib/adapters/dynamodb/tables.ts';
import type { Definitions } from '../../lib/define/index.ts';
import { hour } from '../../lib/kernel/time.ts';
import { publishingWrites } from '../../lib/runtime/cached-rows.ts';
import { followPlan } from '../../lib/runtime/follow-plan.ts';
import { createKinesisHandler } from '../../lib/runtime/kinesis-batch.ts';
import { metricNames } from '../../lib/runtime/metric-names.ts';
import { defaultRetentionMs, timesToLive } from '../../lib/runtime/plan-tables.ts';
import { tableOf } from '../../lib/runtime/rows.ts';
import { createTransform } from '../../lib/runtime/transform.ts';
import type { Transform } from '../../lib/runtime/transform-result.ts';
import { createCounter, createTally } from '../counter.ts';
import { type Environment, numberIn, required } from '../environment.ts';
import { later } from '../later.ts';
import { openRowCache } from '../row-cache.ts';
import { countingWrites, openState, type State } from '../state.ts';

/**
 * The function that folds a stream's events into feature rows, for an event source mapping of a Kinesis stream with
 * `ReportBatchItemFailures` and parallelization factor 1. Each batch is folded by the Plan that is active.
 *
 * Environment: `MILLRACE_STREAM`, the stream's name in the definitions; `MILLRACE_INCARNATION`, the name of this life of the
 * Kinesis stream; `MILLRACE_BUCKET`, where events go that cannot be processed; `MILLRACE_RETENTION_HOURS`, for how long the
 * stream keeps events, 168 if not set; that of state.ts and row-cache.ts; Powertools' own; the SDK's own. Throws
 * EnvironmentError. `state` stands in for DynamoDB, where it is given.
 */
export function createTransformFunction(
  { plan: own, functions }: Pick<Definitions, 'plan' | 'functions'>,
  environment: Environment,
  state?: State,
) {
  const logger = new Logger();
  const count = createCounter('stream');
  const tally = createTally();
  const stream = required(environment, 'MILLRACE_STREAM');
  const incarnation = required(environment, 'MILLRACE_INCARNATION');
  const bucket = required(environment, 'MILLRACE_BUCKET');
  // S3's client is a third of the bundle, and most functions never meet a bad event.
  const setAside = later(async () => (await import('../set-aside.ts')).openBucket(bucket));
  const retentionMs = numberIn(environment, 'MILLRACE_RETENTION_HOURS', defaultRetentionMs / hour) * hour;
  const cache = openRowCache(environment);
  const { activePlan, storeOf } = state ?? openState(environment, 'write', tally);

  const active = followPlan({
    activePlan,
    own,
    clock: systemClock,
    make(plan, tableName) {
      const rows = countingWrites(storeOf({ tableName, ttlOf: timesToLive(plan, retentionMs) }), tally);
      return createTransform({
        plan,
        functions,
        stream,
        incarnation,
        store: cache === null ? rows : publishingWrites(rows, cache, systemClock, groupTables(plan)),
        quarantine: {
          async put(events) {
            await (await setAside()).quarantine.put(events);
            tally.add(metricNames.eventsQuarantined, events.length);
          },
        },
        unapplied: {
          async put(events) {
            await (await setAside()).unapplied.put(events);
            tally.add(metricNames.eventsUnapplied, events.length);
          },
        },
        clock: systemClock,
        limits: dynamoRowLimits,
        code: `${plan.hash}/${environment.AWS_LAMBDA_FUNCTION_VERSION ?? ''}`,
        guardAfterMs: 60_000,
      });
    },
  });

  const transform: Transform = async batch => {
    const started = performance.now();
    const result = await (await active())(batch);
    const { accepted, skipped, copies, late, bad, failed, error } = result;
    const now = systemClock.now();
    // A clock may be behind that of the stream.
    const age = (at: number): number => Math.max(0, now - batch.records.at(at)!.arrivalTime);
    count(
      stream,
      {
        [metricNames.eventsFolded]: accepted,
        [metricNames.eventsSkipped]: skipped,
        [metricNames.eventsDuplicate]: copies,
        [metricNames.eventsLate]: late,
        [metricNames.eventsBad]: bad,
        [metricNames.eventsUnsettled]: failed,
        ...tally.take(),
        ...cache?.take(),
      },
      {
        [metricNames.batchDuration]: performance.now() - started,
        ...(failed > 0
          ? {}
          : { [metricNames.freshnessOldest]: age(0), [metricNames.freshnessNewest]: age(-1) }),
      },
    );
    if (error !== null) logger.error('rows could not be written', error);
    return result;
  };

  return createKinesisHandler({
    transform,
    onError(error) {
      count(stream, { [metricNames.batchesFailed]: 1, ...tally.take() });
      logger.error('nothing of a batch could be done', error);
    },
  });
}

/** The tables that readers ask for. */
const groupTables = (plan: Definitions['plan']): ReadonlySet<string> => new Set(plan.groups.map(tableOf));
