import type { Plan } from '../../kernel/plan.ts';
import { secondsOf } from './duration.ts';
import type { Environment } from './environment.ts';
import { SettingsError } from './errors.ts';

/** Throws a SettingsError where the settings name what the Plan has not, or lack what it needs. */
export function checkAgainstPlan(environment: Environment, plan: Plan): void {
  const problems = [...streamProblems(environment, plan), ...tableProblems(environment, plan)];
  const archive = archiveProblem(environment, plan);
  if (archive !== null) problems.push(archive);
  if (problems.length > 0)
    throw new SettingsError(
      problems.map(problem => `environment ${environment.name}: ${problem}`).join('\n'),
    );
}

function streamProblems({ streams, features }: Environment, plan: Plan): string[] {
  const names = plan.streams.map(({ name }) => name);
  const missing = names.filter(name => !Object.hasOwn(streams, name));
  const unknown = Object.keys(streams).filter(name => !names.includes(name));
  return [
    ...missing.map(name => `streams.${name}: is missing, and ${features} has a stream of that name`),
    ...unknown.map(name => `streams.${name}: ${features} has no such stream; it has ${names.join(', ')}`),
  ];
}

function tableProblems({ tables, features }: Environment, plan: Plan): string[] {
  const versions = plan.groups.map(({ name, version }) => `${name}@${version}`);
  const unknown = Object.keys(tables.warmThroughput).filter(name => !versions.includes(name));
  const still = tables.retired.filter(name => versions.includes(name));
  return [
    ...unknown.map(
      name =>
        `tables.warmThroughput.${name}: ${features} has no such group version; it has ${versions.join(', ')}`,
    ),
    ...still.map(name => `tables.retired: ${features} still has ${name}`),
  ];
}

/** A new version of a group is filled from the archive: it has to reach back as far as the longest window. */
function archiveProblem({ archive, features }: Environment, plan: Plan): string | null {
  if (archive.keepFor === 'ever') return null;
  const windows = plan.groups.flatMap(group => group.features.map(({ window }) => window));
  if (windows.includes('lifetime'))
    return `archive.keepFor: ${features} has lifetime features, so it has to be 'ever'`;
  const longestDays = Math.max(0, ...windows.map(Number)) / 86_400_000;
  return secondsOf(archive.keepFor) < longestDays * 86_400
    ? `archive.keepFor: is shorter than the longest window of ${features}, ${longestDays} days`
    : null;
}
