import { DeploymentError } from '../../adapters/aws/deployment.ts';
import type { Plan } from '../../kernel/plan.ts';
import { openEnvironment } from '../deployed/environment.ts';

/**
 * The Plan that an environment computes by; null where it is not deployed. Throws DeploymentError, and ServiceError where
 * AWS does not answer.
 */
export async function deployedPlan(name: string, profile?: string): Promise<Plan | null> {
  try {
    const environment = await openEnvironment(name, profile === undefined ? {} : { profile });
    return (await environment.activePlan()).plan;
  } catch (error) {
    if (error instanceof DeploymentError && error.isAbsent) return null;
    throw error;
  }
}
