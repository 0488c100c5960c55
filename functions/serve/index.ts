import { Logger } from '@aws-lambda-powertools/logger';
import { systemClock } from '../../lib/adapters/clock.ts';
import type { Definitions } from '../../lib/define/index.ts';
import { cachedReads } from '../../lib/runtime/cached-rows.ts';
import { followPlan } from '../../lib/runtime/follow-plan.ts';
import { metricNames } from '../../lib/runtime/metric-names.ts';
import { createReader } from '../../lib/runtime/read.ts';
import { defaultLimits } from '../../lib/service/limits.ts';
import { createCounter, createTally } from '../counter.ts';
import type { Environment } from '../environment.ts';
import { createHttpHandler } from '../http-api.ts';
import { openRowCache } from '../row-cache.ts';
import { openState, type State } from '../state.ts';
import { compileReads, createServeRoute } from './route.ts';

/**
 * The function that answers feature vectors over HTTP, by the Plan that is active, or was a second ago. Environment: that
 * of state.ts and row-cache.ts; Powertools' own; the SDK's own. Throws EnvironmentError. `state` stands in for DynamoDB,
 * where it is given.
 */
export function createServeFunction(
  { plan: own, functions }: Pick<Definitions, 'plan' | 'functions'>,
  environment: Environment,
  state?: State,
) {
  const count = createCounter('name');
  const tally = createTally();
  const cache = openRowCache(environment);
  const { activePlan, storeOf } = state ?? openState(environment, 'serve', tally);
  const { entitiesPerRequest, readMs, bodyBytes } = defaultLimits;
  const route = createServeRoute({
    reads: followPlan({
      activePlan,
      own,
      clock: systemClock,
      // One item bears 3,000 reads a second, and reads of rows need none of them.
      maxAgeMs: 1_000,
      make(plan, tableName) {
        const rows = storeOf({ tableName });
        const store = cache === null ? rows : cachedReads(rows, cache, systemClock);
        const reader = createReader({ plan, functions, store, clock: systemClock });
        return compileReads({ plan, reader, maxEntities: entitiesPerRequest, readMs });
      },
    }),
    clock: systemClock,
    observe: (name, { known, unknown, failed }, milliseconds) =>
      count(
        name,
        {
          [metricNames.entitiesKnown]: known,
          [metricNames.entitiesUnknown]: unknown,
          [metricNames.entitiesFailed]: failed,
          ...tally.take(),
          ...cache?.take(),
        },
        { [metricNames.readLatency]: milliseconds },
      ),
  });
  return createHttpHandler({ route, bodyBytes, logger: new Logger() });
}
