import { CustomResource, Duration, type Stack } from 'aws-cdk-lib';
import type { DeploymentContext } from '../context.ts';
import type { StoredData } from '../data/data-stack.ts';
import { createFunction, type LiveFunction } from '../function.ts';
import { allow, allowKey } from '../permissions.ts';

/**
 * Makes the Plan the one that counts, when `after` have their new code. Where it must not be, this fails, and with it the
 * deployment.
 */
export function activatePlan(
  stack: Stack,
  context: DeploymentContext,
  { tables, key }: StoredData,
  after: readonly LiveFunction[],
): void {
  const { environment, plan } = context;
  const activate = createFunction(stack, 'activate', context, {
    name: 'activate',
    description: 'moves the pointer to the active Plan',
    settings: { memoryMebibytes: 512, timeout: { minutes: 1 }, reserved: null },
    variables: { MILLRACE_CONTROL_TABLE: tables.control.tableName },
    network: null,
    key,
    noDeadLetters: 'CloudFormation calls it and waits for its answer; without one the deployment fails.',
  });
  allow(activate.role, ['dynamodb:GetItem', 'dynamodb:PutItem'], [tables.control.tableArn]);
  allowKey(activate.role, key, environment, 'writeDynamodb');
  const active = new CustomResource(stack, 'ActivePlan', {
    resourceType: 'Custom::ActivePlan',
    serviceToken: activate.function.functionArn,
    serviceTimeout: Duration.minutes(5),
    properties: {
      PlanHash: plan.hash,
      Tables: Object.fromEntries([...tables.rows].map(([name, { tableName }]) => [name, tableName])),
    },
  });
  active.node.addDependency(activate.role, ...after.map(({ function: { node } }) => node.scope!));
}
