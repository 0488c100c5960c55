import { type Deployment, findDeployment } from '../../adapters/aws/deployment.ts';
import { createSignedFetch } from '../../adapters/aws/signed-fetch.ts';
import { createDynamoActivePlan } from '../../adapters/dynamodb/active-plan.ts';
import { createDynamoClient } from '../../adapters/dynamodb/client.ts';
import type { Activation, DeployedPlan } from '../../runtime/ports.ts';
import { loadEnvironment } from '../load-environment.ts';
import { noCredentials, type RunningService, ServiceError } from '../service-client.ts';

/** A deployed environment, as commands use it. */
export interface DeployedEnvironment {
  readonly deployment: Deployment;
  readonly service: RunningService;
  /** The Plan that counts there. Throws ServiceError before the first. */
  activePlan(): Promise<{ readonly activation: Activation } & DeployedPlan>;
}

export interface OpenEnvironmentOptions {
  readonly profile?: string;
  /** Where the API is, if not where the stacks say: behind a domain of its own, for instance. */
  readonly url?: string;
}

/** Opens what `--env` names. Throws as `locateEnvironment` does. */
export async function openEnvironment(
  name: string,
  { profile, url }: OpenEnvironmentOptions = {},
): Promise<DeployedEnvironment> {
  const deployment = await locateEnvironment(name, profile);
  const active = createDynamoActivePlan({ client: createDynamoClient(), table: deployment.controlTable });

  return {
    deployment,
    service: {
      url: url?.replace(/\/+$/, '') ?? deployment.apiUrl,
      fetch: createSignedFetch({ region: deployment.region }),
      advice: `is environment ${name} still deployed?`,
    },
    async activePlan() {
      const activation = await active.read();
      const deployed = activation === null ? null : await active.readPlan(activation.plan);
      if (activation === null || deployed === null)
        throw new ServiceError(`environment ${name} has no active Plan: its deployment did not end`);
      return { activation, ...deployed };
    },
  };
}

/**
 * Finds what `--env` names, in the region that its settings say. Throws SettingsError where there is no such environment,
 * DeploymentError where it is not deployed, and ServiceError without credentials or permission.
 */
export async function locateEnvironment(name: string, profile?: string): Promise<Deployment> {
  const { region } = await loadEnvironment(name);
  // The SDK's clients, all of them, look there.
  process.env.AWS_REGION = region;
  if (profile !== undefined) process.env.AWS_PROFILE = profile;
  return findDeployment(name).catch(cause => {
    if (cause.name === 'CredentialsProviderError') throw noCredentials(cause);
    if ('$metadata' in cause)
      throw new ServiceError(`AWS refuses to show the stacks of ${name}: ${cause.message}`, { cause });
    throw cause;
  });
}
