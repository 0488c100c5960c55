import { Command } from 'commander';
import { storedPlanAt } from '../../local/index.ts';
import { comparePlans } from '../../runtime/plan-changes.ts';
import { exitCodes } from '../exit-codes.ts';
import { print, toJson } from '../format.ts';
import { loadDefinitions } from '../load-definitions.ts';
import { type CommonOptions, options } from '../options.ts';
import { describeChanges, needsVersion, type Subject } from '../plan/describe-changes.ts';
import { type PlanEnvironmentOptions, planEnvironment } from '../plan/plan-environment.ts';
import { trafficOptions } from '../plan/traffic-options.ts';

type PlanOptions = CommonOptions & Omit<PlanEnvironmentOptions, 'env'> & { readonly env?: string };

export const planCommand = (setExitCode: (code: number) => void): Command => {
  const command = new Command('plan')
    .description(
      'what the definitions would change in a data directory or an environment, and what they cost',
    )
    .addOption(options.env())
    .addOption(options.profile())
    .option('--no-deployed', 'do not ask AWS what is deployed: costs only');
  for (const option of trafficOptions()) command.addOption(option);
  return command
    .addOption(options.data())
    .addOption(options.features())
    .addOption(options.json())
    .addOption(options.verbose())
    .addHelpText(
      'after',
      `
A change is compatible where no stored value changes its meaning: new features over what is kept already, new groups,
descriptions. Any other needs a new version of its group, which starts with rows of its own.

With --env the definitions are compared with the Plan that is deployed there (as the profile may read it, in the environment's region). With --rate
and --entities as well, every line of a month's bill is shown, with its formula and price, and the limits that the
traffic comes near to. How events meet in rows decides the bill: without --gap, --skew or --sample none ever meet.

Exit codes: 0 no changes, or compatible ones · 2 a group needs a new version

Examples:
  millrace plan
  millrace plan --features ./features/index.ts --data /var/lib/millrace --json
  millrace plan --env prod
  millrace plan --env prod --rate 1000 --entities user=2e6,item=500000,author=50000,user_author=4e6 \\
    --sample events.ndjson --reads 25
  millrace plan --env dev --no-deployed --rate 50 --entities 1e5 --gap user=5 --skew item=1,author=1`,
    )
    .action(async (given: PlanOptions) => {
      const { env } = given;
      const refused =
        env === undefined ? await planDirectory(given) : await planEnvironment({ ...given, env });
      setExitCode(refused ? exitCodes.needsVersion : exitCodes.done);
    });
};

async function planDirectory(given: CommonOptions): Promise<boolean> {
  const { plan } = await loadDefinitions(given.features);
  const stored = await storedPlanAt(given.data);
  const changes = stored === null ? [] : comparePlans(stored, plan);
  const refused = needsVersion(changes);
  if (given.json) {
    const verdict = refused ? 'needs-version' : 'compatible';
    print(toJson({ before: stored?.hash ?? null, after: plan.hash, verdict, changes }));
  } else {
    print(describeChanges(directory(given.data), stored, plan, changes));
  }
  return refused;
}

const directory = (name: string): Subject => ({
  name,
  next: 'the next ingest',
  onAdded:
    'New groups and versions count what arrives from now on; for what came before, ingest it into a new data directory.',
  onRemoved: 'Groups that are gone end with the next ingest, which needs --accept-removed.',
});
