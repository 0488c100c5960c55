import type { Quarantine } from '../runtime/ports.ts';
import { loadDefinitions } from './load-definitions.ts';
import { loadDeployed } from './load-deployed.ts';
import type { CommonOptions, EnvironmentOptions } from './options.ts';
import { withLocal } from './with-local.ts';

/** Works with the quarantine of the data directory, or of the deployed environment that the options name. */
export async function withQuarantine<T>(
  { env, data, features, ...where }: CommonOptions & EnvironmentOptions,
  work: (quarantine: Quarantine) => Promise<T>,
): Promise<T> {
  if (env === undefined)
    return withLocal(data, await loadDefinitions(features), ({ quarantine }) => work(quarantine));
  const { openEnvironment, openQuarantine } = await loadDeployed();
  return work(openQuarantine((await openEnvironment(env, where)).deployment));
}
