import { type DataDirectory, openDataDirectory } from '../adapters/rocksdb/data-directory.ts';
import type { GroupPlan, Plan } from '../kernel/plan.ts';
import { MillraceError } from '../runtime/errors.ts';
import { assertCompatible, PlanConflictError } from '../runtime/plan-changes.ts';

/** Definitions lack a group whose rows the data directory keeps: its rows would miss events from now on. */
export class GroupRemovedError extends MillraceError {
  override readonly name = 'GroupRemovedError';
  readonly groups: readonly string[];
  constructor(directory: string, groups: readonly string[]) {
    super(
      `data directory ${directory} keeps the groups ${groups.join(', ')}, which these definitions do not have. ` +
        'If they are the right ones (--features), accept with --accept-removed that those groups end here',
    );
    this.groups = groups;
  }
}

const planName = 'plan';
/** Names with versions of groups that were kept once and are no more: their rows miss the events since. */
const retiredName = 'retired-groups';

/** The Plan by which a data directory's events were last processed; null where there is none yet. */
export async function readStoredPlan(directory: DataDirectory): Promise<Plan | null> {
  return (await directory.readMeta(planName)) as Plan | null;
}

/** Throws PlanConflictError where the rows in the directory would mean something else by this Plan. */
export async function checkPlan(directory: DataDirectory, plan: Plan): Promise<void> {
  const stored = await readStoredPlan(directory);
  if (stored !== null && stored.hash !== plan.hash) assertCompatible(stored, plan);
  const retired = await readRetired(directory);
  const returning = plan.groups.filter(group => retired.includes(versionOf(group)));
  if (returning.length === 0) return;
  throw new PlanConflictError(
    returning.map(group => ({
      what: 'changed',
      of: 'group',
      name: group.name,
      detail: `version ${group.version} was taken out once, and its rows miss the events since; raise version to ${group.version + 1}`,
      verdict: 'needs-version',
    })),
  );
}

/**
 * Makes `plan` the one that events are processed by from now on. Throws PlanConflictError, and GroupRemovedError
 * unless `acceptRemoved`.
 */
export async function adoptPlan(directory: DataDirectory, plan: Plan, acceptRemoved: boolean): Promise<void> {
  const stored = await readStoredPlan(directory);
  if (stored?.hash === plan.hash) return;
  await checkPlan(directory, plan);
  if (stored !== null) {
    const removed = stored.groups.filter(group => !plan.groups.some(({ name }) => name === group.name));
    if (removed.length > 0 && !acceptRemoved) {
      throw new GroupRemovedError(
        directory.path,
        removed.map(group => group.name),
      );
    }
    const kept = new Set(plan.groups.map(versionOf));
    const ended = stored.groups.map(versionOf).filter(version => !kept.has(version));
    // Before the Plan: a crash between the two must not let an ended version come back unnoticed.
    if (ended.length > 0)
      await directory.writeMeta(retiredName, [...(await readRetired(directory)), ...ended]);
  }
  await directory.writeMeta(planName, plan);
}

const versionOf = (group: GroupPlan): string => `${group.name}@${group.version}`;

async function readRetired(directory: DataDirectory): Promise<readonly string[]> {
  return ((await directory.readMeta(retiredName)) as readonly string[] | null) ?? [];
}

/** The Plan of the data directory at `path`; null where there is no directory or no Plan in it. Opens and closes it. */
export async function storedPlanAt(path: string): Promise<Plan | null> {
  let directory: DataDirectory;
  try {
    directory = await openDataDirectory(path);
  } catch (error) {
    if ((error as { reason?: unknown }).reason === 'missing') return null;
    throw error;
  }
  try {
    return await readStoredPlan(directory);
  } finally {
    await directory.close();
  }
}
