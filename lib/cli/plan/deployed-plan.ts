import { stackOutputs } from '../../adapters/cloudformation/stack-outputs.ts';
import { createDynamoActivePlan } from '../../adapters/dynamodb/active-plan.ts';
import { createDynamoClient } from '../../adapters/dynamodb/client.ts';
import type { EnvironmentSettings } from '../../infra/environment/index.ts';
import type { Plan } from '../../kernel/plan.ts';
import { MillraceError } from '../../runtime/errors.ts';

/**
 * The Plan that a deployed environment computes by; null where none was deployed. Asks AWS, as the profile in the shell's
 * environment. Throws a StoreError where AWS does not answer, a MillraceError where what it answers is no Plan.
 */
export async function deployedPlan({ name, region }: EnvironmentSettings): Promise<Plan | null> {
  const outputs = await stackOutputs(`Millrace-${name}-Data`, region);
  if (outputs === null) return null;
  const table = outputs.ControlTable;
  if (table === undefined)
    throw new MillraceError(
      `stack Millrace-${name}-Data has no output ControlTable: it is of an earlier release; deploy once, and plan then`,
    );
  const client = createDynamoClient({ region });
  try {
    const plans = createDynamoActivePlan({ client, table });
    const active = await plans.read();
    if (active === null) return null;
    const found = await plans.readPlan(active.plan);
    if (found === null)
      throw new MillraceError(`table ${table} says that Plan ${active.plan} is active, and does not have it`);
    return found.plan;
  } finally {
    client.destroy();
  }
}
