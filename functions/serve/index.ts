import { Logger } from '@aws-lambda-powertools/logger';
import { systemClock } from '../../lib/adapters/clock.ts';
import type { Definitions } from '../../lib/define/index.ts';
import { metricNames } from '../../lib/runtime/metric-names.ts';
import type { StateStore } from '../../lib/runtime/ports.ts';
import { createReader } from '../../lib/runtime/read.ts';
import { defaultLimits } from '../../lib/service/limits.ts';
import { createCounter } from '../counter.ts';
import type { Environment } from '../environment.ts';
import { createHttpHandler } from '../http-api.ts';
import { createUnitCounter, openState } from '../state.ts';
import { createServeRoute } from './route.ts';

/**
 * The function that answers feature vectors over HTTP. Environment: that of state.ts; Powertools' own; the SDK's own.
 * Throws EnvironmentError. `store` stands in for DynamoDB, where it is given.
 */
export function createServeFunction(
  { plan, functions }: Pick<Definitions, 'plan' | 'functions'>,
  environment: Environment,
  store?: StateStore,
) {
  const count = createCounter('name');
  const units = createUnitCounter();
  const state = store ?? openState(environment, { consistentReads: false, onConsumed: units.add });
  const route = createServeRoute({
    plan,
    reader: createReader({ plan, functions, store: state, clock: systemClock }),
    maxEntities: defaultLimits.entitiesPerRequest,
    readMs: defaultLimits.readMs,
    observe: (name, { known, unknown, failed }) =>
      count(name, {
        [metricNames.entitiesKnown]: known,
        [metricNames.entitiesUnknown]: unknown,
        [metricNames.entitiesFailed]: failed,
        ...units.take(),
      }),
  });
  return createHttpHandler({ route, bodyBytes: defaultLimits.bodyBytes, logger: new Logger() });
}
