import { Command } from 'commander';
import type { Plan } from '../../kernel/plan.ts';
import { storedPlanAt } from '../../local/index.ts';
import { comparePlans, type PlanChange } from '../../runtime/plan-changes.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatTable, print, toJson } from '../format.ts';
import { loadDefinitions } from '../load-definitions.ts';
import { type CommonOptions, options } from '../options.ts';

export const planCommand = (setExitCode: (code: number) => void): Command =>
  new Command('plan')
    .description('compare the definitions with what the data directory holds')
    .addOption(options.data())
    .addOption(options.features())
    .addOption(options.json())
    .addOption(options.verbose())
    .addHelpText(
      'after',
      `
A change is compatible where no stored value changes its meaning: new features over what is kept already, new groups,
descriptions. Any other needs a new version of its group, which starts with rows of its own.

Exit codes: 0 no changes, or compatible ones · 2 a group needs a new version

Examples:
  millrace plan
  millrace plan --features ./features/index.ts --data /var/lib/millrace --json`,
    )
    .action(async (given: CommonOptions) => {
      const { plan } = await loadDefinitions(given.features);
      const stored = await storedPlanAt(given.data);
      const changes = stored === null ? [] : comparePlans(stored, plan);
      const needsVersion = changes.some(change => change.verdict === 'needs-version');
      if (given.json) {
        const verdict = needsVersion ? 'needs-version' : 'compatible';
        print(toJson({ before: stored?.hash ?? null, after: plan.hash, verdict, changes }));
      } else {
        print(describeChanges(given.data, stored, plan, changes));
      }
      setExitCode(needsVersion ? exitCodes.needsVersion : exitCodes.done);
    });

function describeChanges(
  data: string,
  stored: Plan | null,
  plan: Plan,
  changes: readonly PlanChange[],
): string {
  if (stored === null) return `${data} holds nothing yet. The definitions have ${summarize(plan)}.`;
  if (changes.length === 0) return `No changes: ${data} holds what the definitions say (${summarize(plan)}).`;
  const rows = changes.map(({ what, of, name, detail, verdict }) => [what, of, name, verdict, detail]);
  return [formatTable(['change', 'of', 'name', 'verdict', 'detail'], rows), ...conclusions(changes)].join(
    '\n',
  );
}

function conclusions(changes: readonly PlanChange[]): readonly string[] {
  const offending = changes.filter(change => change.verdict === 'needs-version').length;
  const of = (what: PlanChange['what']) =>
    changes.some(change => change.of === 'group' && change.what === what);
  const all = changes.length === 1 ? 'The change' : `${offending} of ${changes.length} changes`;
  const compatible = of('removed')
    ? 'All compatible. Groups that are gone end with the next ingest, which needs --accept-removed.'
    : 'All compatible: the next ingest takes them over.';
  return [
    offending === 0
      ? compatible
      : `${all} must not reach the rows that are there: these definitions are refused.`,
    ...(of('added')
      ? [
          'New groups and versions count what arrives from now on; for what came before, ingest it into a new data directory.',
        ]
      : []),
  ];
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

function summarize(plan: Plan): string {
  const features = plan.groups.reduce((sum, group) => sum + group.features.length + group.derived.length, 0);
  return `${counted(plan.groups.length, 'group')} with ${counted(features, 'feature')}, ${counted(plan.services.length, 'service')}`;
}
