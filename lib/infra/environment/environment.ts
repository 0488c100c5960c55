import { SettingsError } from './errors.ts';
import { problemsOf } from './problems.ts';
import type { EnvironmentSettings } from './settings.ts';

declare const checked: unique symbol;
/** Settings that were checked. */
export type Environment = EnvironmentSettings & { readonly [checked]: true };

/**
 * An environment to deploy to. Throws a SettingsError that names every setting which is wrong by itself or contradicts
 * another; what the definitions ask of it is checked when both are known (`checkAgainstPlan`).
 */
export function environment(settings: EnvironmentSettings): Environment {
  const problems = problemsOf(settings);
  if (problems.length > 0)
    throw new SettingsError(problems.map(problem => `environment ${settings.name}: ${problem}`).join('\n'));
  return settings as Environment;
}

/**
 * Whether what the environment stores may be deleted with its stacks. Of a protected one it may when both keys are
 * turned: the setting, and `key`, which names the environment. Throws a SettingsError where only one is.
 */
export function deletesData({ name, data }: Environment, key: string | undefined): boolean {
  const isTurned = key === name;
  if (data.protected && data.whenRemoved === 'delete' && !isTurned)
    throw new SettingsError(
      `environment ${name}: data.whenRemoved: is delete, and data.protected is true: ` +
        `say -c delete-protected-data=${name} as well, or keep the data`,
    );
  if (isTurned && !(data.protected && data.whenRemoved === 'delete'))
    throw new SettingsError(
      `environment ${name}: delete-protected-data: names it, and data.${data.protected ? 'whenRemoved is keep' : 'protected is false'}: ` +
        'leave it out, or turn the other key in features/environments.ts',
    );
  return data.whenRemoved === 'delete';
}

/** The environments there are. Throws a SettingsError where two have one name. */
export function environments(...all: readonly Environment[]): readonly Environment[] {
  const repeated = all.find(({ name }, i) => all.findIndex(other => other.name === name) !== i);
  if (repeated !== undefined)
    throw new SettingsError(`environment ${repeated.name}: name: two environments have it`);
  return all;
}

/** The environment of a name, or all. Throws a SettingsError that says which there are. */
export function selectEnvironments(
  all: readonly Environment[],
  name: string | undefined,
): readonly Environment[] {
  if (name === undefined) return all;
  const found = all.filter(one => one.name === name);
  if (found.length > 0) return found;
  throw new SettingsError(
    `there is no environment ${name}: features/environments.ts has ${all.map(one => one.name).join(', ')}`,
  );
}
