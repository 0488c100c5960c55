import type { Plan } from '../kernel/plan.ts';
import { MillraceError, StoreError } from './errors.ts';
import { assertCompatible, type PlanChange, PlanConflictError } from './plan-changes.ts';
import { tablesOf } from './plan-tables.ts';
import type { Activation, ActivePlan, Clock, DeployedPlan } from './ports.ts';

/** A Plan cannot be activated as it was deployed. */
export class ActivationError extends MillraceError {
  override readonly name = 'ActivationError';
}

export interface ActivationReport {
  readonly activation: Activation;
  /** False where this Plan counted already, in these tables. */
  readonly moved: boolean;
  /** Tables that count again after a time in which they got no events: their values lack these. */
  readonly gaps: readonly TableGap[];
}

export interface TableGap {
  /** The Plan's name of it. */
  readonly table: string;
  /** Epoch ms. */
  readonly from: number;
  readonly to: number;
}

/**
 * Makes a deployed Plan the one that counts. Throws PlanConflictError where it changes what stored values mean without a
 * new version, or where a table comes back that got no events meanwhile; the pointer stays where it is then. To the Plan
 * that counted before this one it always goes back, for a deployment that failed must be able to undo itself; what its
 * tables lack since is in the report. Throws ActivationError where tables are missing, or another deployment came between.
 */
export async function activatePlan(
  { activePlan, clock }: { readonly activePlan: ActivePlan; readonly clock: Clock },
  deployed: DeployedPlan,
): Promise<ActivationReport> {
  const { plan, tables } = deployed;
  checkTables(deployed);
  const before = await activePlan.read();
  const countedBefore = before === null ? null : await planOf(activePlan, before.plan);
  if (before?.plan === plan.hash && sameTables(countedBefore?.tables ?? {}, tables))
    return { activation: before, moved: false, gaps: [] };

  const now = Math.max(clock.now(), before?.activatedAt ?? 0);
  const retired = before?.retired ?? {};
  const gaps = tablesOf(plan).flatMap(({ table }): TableGap[] => {
    const since = retired[tables[table]!];
    return since === undefined ? [] : [{ table, from: since, to: now }];
  });
  if (before !== null && countedBefore !== null && before.previous !== plan.hash) {
    assertCompatible(countedBefore.plan, plan);
    if (gaps.length > 0) throw new PlanConflictError(gaps.map(gap => returning(plan, gap)));
  }

  // Before the pointer: whoever reads it finds the Plan.
  await activePlan.writePlan(deployed);
  const activation: Activation = {
    plan: plan.hash,
    number: (before?.number ?? 0) + 1,
    activatedAt: now,
    previous: before === null || before.plan === plan.hash ? (before?.previous ?? null) : before.plan,
    retired: retiredBy(retired, Object.values(countedBefore?.tables ?? {}), Object.values(tables), now),
  };
  if (!(await activePlan.activate(activation))) {
    throw new ActivationError('another deployment activated a Plan at the same time: deploy again');
  }
  return { activation, moved: true, gaps };
}

function checkTables({ plan, tables }: DeployedPlan): void {
  const missing = tablesOf(plan)
    .map(({ table }) => table)
    .filter(table => !tables[table]);
  if (missing.length > 0)
    throw new ActivationError(`the deployment made no tables for ${missing.join(', ')} of Plan ${plan.hash}`);
}

async function planOf(activePlan: ActivePlan, hash: string): Promise<DeployedPlan> {
  const found = await activePlan.readPlan(hash);
  if (found === null) throw new StoreError('corrupt', `the active Plan ${hash} is not there any more`);
  return found;
}

const sameTables = (a: DeployedPlan['tables'], b: DeployedPlan['tables']): boolean =>
  Object.keys(a).length === Object.keys(b).length &&
  Object.entries(a).every(([table, name]) => b[table] === name);

function retiredBy(
  retired: Activation['retired'],
  old: readonly string[],
  present: readonly string[],
  now: number,
): Activation['retired'] {
  const kept = new Set(present);
  const ended = old.filter(name => !kept.has(name)).map(name => [name, now] as const);
  const stay = Object.entries(retired).filter(([name]) => !kept.has(name));
  return Object.fromEntries([...ended, ...stay]);
}

function returning(plan: Plan, { table, from }: TableGap): PlanChange {
  const group = plan.groups.find(({ name, version }) => `${name}@${version}` === table);
  const advice = group === undefined ? '' : `; raise version to ${group.version + 1} of group ${group.name}`;
  return {
    what: 'changed',
    of: 'group',
    name: group?.name ?? table,
    detail: `its table was taken out on ${new Date(from).toISOString()}, and its rows miss the events since${advice}`,
    verdict: 'needs-version',
  };
}
