import { type Deployment, findDeployment } from '../../adapters/aws/deployment.ts';
import { createSignedFetch } from '../../adapters/aws/signed-fetch.ts';
import { createDynamoActivePlan } from '../../adapters/dynamodb/active-plan.ts';
import { createDynamoClient } from '../../adapters/dynamodb/client.ts';
import type { Activation, DeployedPlan } from '../../runtime/ports.ts';
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
  /** That of the profile unless given. */
  readonly region?: string;
  /** Where the API is, if not where the stacks say: behind a domain of its own, for instance. */
  readonly url?: string;
}

/** Finds what `--env` names. Throws DeploymentError, and ServiceError without credentials or permission. */
export async function openEnvironment(
  name: string,
  { profile, region, url }: OpenEnvironmentOptions = {},
): Promise<DeployedEnvironment> {
  // The SDK's clients, all of them, look there.
  if (profile !== undefined) process.env.AWS_PROFILE = profile;
  if (region !== undefined) process.env.AWS_REGION = region;
  const deployment = await findDeployment(name).catch(cause => {
    if (cause.name === 'CredentialsProviderError') throw noCredentials(cause);
    if (cause.message === 'Region is missing')
      throw new ServiceError(
        'no AWS region is set: set AWS_REGION, or choose a profile that has one with --profile',
        { cause },
      );
    if ('$metadata' in cause)
      throw new ServiceError(`AWS refuses to show the stacks of ${name}: ${cause.message}`, { cause });
    throw cause;
  });
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
