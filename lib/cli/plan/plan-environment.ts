import { type CostEstimate, estimateCost } from '../../infra/cost/estimate.ts';
import { prices } from '../../infra/cost/prices.ts';
import { checkAgainstPlan } from '../../infra/environment/index.ts';
import { comparePlans } from '../../runtime/plan-changes.ts';
import { print, toJson } from '../format.ts';
import { loadDefinitions, repositoryPath } from '../load-definitions.ts';
import { loadEnvironment } from '../load-environment.ts';
import { describeCost } from './cost-report.ts';
import { describeChanges, needsVersion, type Subject } from './describe-changes.ts';
import { withSamples } from './read-sample.ts';
import { type TrafficOptions, trafficOf } from './traffic-options.ts';

export interface PlanEnvironmentOptions extends TrafficOptions {
  readonly env: string;
  readonly profile?: string;
  /** Null: those that the environment names. */
  readonly features: string | null;
  /** False: AWS is not asked. */
  readonly deployed: boolean;
  readonly json?: true;
}

/**
 * Prints what a deployment to an environment would change in features, and, where traffic is given, what it costs.
 * Gives whether a group needs a new version.
 */
export async function planEnvironment(options: PlanEnvironmentOptions): Promise<boolean> {
  const settings = await loadEnvironment(options.env);
  const definitions = await loadDefinitions(options.features ?? repositoryPath(settings.features));
  const { plan } = definitions;
  checkAgainstPlan(settings, plan);
  let cost: CostEstimate | null = null;
  if (options.rate !== undefined || options.entities !== undefined) {
    const traffic = await withSamples(definitions, settings, trafficOf(plan, options), options.sample ?? []);
    cost = estimateCost(plan, settings, traffic);
  }

  // Its client takes its time to load, and only this needs it.
  const before = options.deployed
    ? await (await import('./deployed-plan.ts')).deployedPlan(settings.name, options.profile)
    : null;
  const changes = before === null ? [] : comparePlans(before, plan);
  const refused = needsVersion(changes);
  if (options.json) {
    print(
      toJson({
        environment: settings.name,
        before: before?.hash ?? null,
        after: plan.hash,
        verdict: refused ? 'needs-version' : 'compatible',
        changes,
        ...(cost === null ? {} : { cost: costJson(cost) }),
      }),
    );
    return refused;
  }
  const parts = [
    ...(options.deployed ? [describeChanges(subjectOf(settings.name), before, plan, changes)] : []),
    ...(cost === null ? [] : [describeCost(cost)]),
  ];
  print(parts.join('\n\n'));
  return refused;
}

const subjectOf = (name: string): Subject => ({
  name: `environment ${name}`,
  next: 'the next deployment',
  onAdded: 'New groups and versions begin empty, and count what arrives once they are deployed.',
  onRemoved:
    'Groups that are gone get no more events once it is deployed; their tables go with a later deployment.',
});

const costJson = ({ lines, total, naiveTotal, warnings }: CostEstimate) => ({
  currency: 'USD',
  prices: { region: prices.region, asOf: prices.asOf },
  total,
  naiveTotal,
  lines,
  warnings,
});
