import type { Environment } from '../infra/environment/index.ts';
import { selectEnvironments } from '../infra/environment/index.ts';
import { loadDefault, repositoryPath } from './load-definitions.ts';

const module = 'features/environments.ts';

/** An environment of features/environments.ts. Throws a SettingsError that says which there are, or what is wrong. */
export async function loadEnvironment(name: string): Promise<Environment> {
  const all = (await loadDefault(repositoryPath(module), module)) as readonly Environment[];
  return selectEnvironments(all, name)[0]!;
}
