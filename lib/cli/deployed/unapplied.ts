import { systemClock } from '../../adapters/clock.ts';
import { createDynamoClient } from '../../adapters/dynamodb/client.ts';
import { createDynamoStateStore } from '../../adapters/dynamodb/state-store.ts';
import { dynamoRowLimits } from '../../adapters/dynamodb/tables.ts';
import type { CompiledDefinitions } from '../../local/index.ts';
import { timesToLive } from '../../runtime/plan-tables.ts';
import {
  type RedriveUnappliedOptions,
  type RedriveUnappliedReport,
  redriveUnapplied,
} from '../../runtime/redrive-unapplied.ts';
import { RequestError } from '../keys.ts';
import type { DeployedEnvironment } from './environment.ts';
import { openBucket } from './events.ts';

export interface DeployedRedriveOptions extends Pick<RedriveUnappliedOptions, 'table' | 'key' | 'startAnew'> {
  /** The longest for which a stream there keeps events (ms): rows that remember ids outlive it. */
  readonly retentionMs: number;
}

/**
 * Gives rows of a deployed environment the events that they lack, beside the functions that go on. Throws RequestError
 * where the definitions are not those that are active there: rows of another Plan would be folded.
 */
export async function redriveDeployedRows(
  { deployment, activePlan }: DeployedEnvironment,
  { plan, functions }: CompiledDefinitions,
  { retentionMs, ...which }: DeployedRedriveOptions,
): Promise<RedriveUnappliedReport> {
  const { tables, plan: active } = await activePlan();
  if (active.hash !== plan.hash) {
    throw new RequestError(
      `environment ${deployment.environment} computes by Plan ${active.hash}, and these definitions are ${plan.hash}: ` +
        'take the release that is deployed there, or name its definitions with --features',
    );
  }
  const store = createDynamoStateStore({
    client: createDynamoClient(),
    tableName: table => tables[table] ?? table,
    progressTable: deployment.progressTable,
    ttlOf: timesToLive(plan, retentionMs),
  });
  return redriveUnapplied({
    ...which,
    plan,
    functions,
    store,
    unapplied: openBucket(deployment).unapplied,
    clock: systemClock,
    limits: dynamoRowLimits,
  });
}
