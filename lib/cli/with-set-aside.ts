import type { Quarantine, UnappliedStore } from '../runtime/ports.ts';
import { loadDefinitions } from './load-definitions.ts';
import { loadDeployed } from './load-deployed.ts';
import type { CommonOptions, EnvironmentOptions } from './options.ts';
import { withLocal } from './with-local.ts';

export interface SetAsideEvents {
  readonly quarantine: Quarantine;
  readonly unapplied: UnappliedStore;
}

/** Works with what was set aside in the data directory, or in the deployed environment that the options name. */
export async function withSetAside<T>(
  { env, data, features, ...where }: CommonOptions & EnvironmentOptions,
  work: (events: SetAsideEvents) => Promise<T>,
): Promise<T> {
  if (env === undefined) return withLocal(data, await loadDefinitions(features), work);
  const { openBucket, openEnvironment } = await loadDeployed();
  return work(openBucket((await openEnvironment(env, where)).deployment));
}
