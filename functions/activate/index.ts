import { Logger } from '@aws-lambda-powertools/logger';
import { systemClock } from '../../lib/adapters/clock.ts';
import { createDynamoActivePlan } from '../../lib/adapters/dynamodb/active-plan.ts';
import { createDynamoClient } from '../../lib/adapters/dynamodb/client.ts';
import type { Definitions } from '../../lib/define/index.ts';
import { ActivationError, type ActivationReport, activatePlan } from '../../lib/runtime/activate-plan.ts';
import type { ActivePlan, DeployedPlan } from '../../lib/runtime/ports.ts';
import { type Environment, required } from '../environment.ts';
import { type CustomResourceRequest, isRequest, respond } from './custom-resource.ts';

/** Which Plan is to count, and DynamoDB's names of its tables, by the Plan's. */
export interface ActivateProperties {
  readonly PlanHash: string;
  readonly Tables: Readonly<Record<string, string>>;
}

/**
 * The function that the deployment calls last, when all functions have their new code: it keeps the Plan and moves the
 * pointer to it. Called by CloudFormation as a custom resource, or directly with its properties. A deployment that must not
 * be activated (activate-plan.ts) fails here, and CloudFormation takes it back; it then calls with the properties of before,
 * and the pointer goes back. Deleting moves nothing.
 *
 * Environment: `MILLRACE_CONTROL_TABLE`; Powertools' own; the SDK's own. `activePlan` stands in for DynamoDB, where it is
 * given. Called directly it throws ActivationError, PlanConflictError, StoreError.
 */
export function createActivateFunction(
  { plan: own }: Pick<Definitions, 'plan'>,
  environment: Environment,
  activePlan?: ActivePlan,
) {
  const logger = new Logger();

  async function activate({ PlanHash, Tables }: ActivateProperties): Promise<ActivationReport> {
    // What is thrown when a function starts CloudFormation never hears of, and waits an hour for it.
    const table = required(environment, 'MILLRACE_CONTROL_TABLE');
    const pointer = activePlan ?? createDynamoActivePlan({ client: createDynamoClient(), table });
    const plan = PlanHash === own.hash ? own : (await pointer.readPlan(PlanHash))?.plan;
    if (plan === undefined) {
      throw new ActivationError(
        `Plan ${PlanHash} is not that of this function's code (${own.hash}), and was never deployed`,
      );
    }
    const deployed: DeployedPlan = { plan, tables: Tables };
    const report = await activatePlan({ activePlan: pointer, clock: systemClock }, deployed);
    logger.info('active Plan', { ...report });
    for (const gap of report.gaps) logger.warn('rows lack events of the time between', { ...gap });
    return report;
  }

  return async (event: ActivateProperties | CustomResourceRequest<ActivateProperties>) => {
    if (!isRequest(event)) return activate(event);
    await respond(event, async () => {
      if (event.RequestType === 'Delete') return {};
      try {
        const { activation } = await activate(event.ResourceProperties);
        return { PlanHash: activation.plan, ActivatedAt: new Date(activation.activatedAt).toISOString() };
      } catch (error) {
        logger.error('the Plan was not activated', error as Error);
        throw error;
      }
    });
    return null;
  };
}
