import type { Plan } from '../../kernel/plan.ts';
import type { PlanChange } from '../../runtime/plan-changes.ts';
import { formatTable } from '../format.ts';

/** Where a Plan before stands, in words. */
export interface Subject {
  /** `.millrace/data`, `environment prod`. */
  readonly name: string;
  /** What takes the changes over: `the next ingest`, `the next deployment`. */
  readonly next: string;
  /** What to say where groups are new, and where some are gone. */
  readonly onAdded: string;
  readonly onRemoved: string;
}

export const needsVersion = (changes: readonly PlanChange[]): boolean =>
  changes.some(change => change.verdict === 'needs-version');

/** The changes as a table, and what follows from them. */
export function describeChanges(
  subject: Subject,
  before: Plan | null,
  after: Plan,
  changes: readonly PlanChange[],
): string {
  const { name } = subject;
  if (before === null) return `${name} holds nothing yet. The definitions have ${summarize(after)}.`;
  if (changes.length === 0)
    return `No changes: ${name} holds what the definitions say (${summarize(after)}).`;
  const rows = changes.map(({ what, of, name, detail, verdict }) => [what, of, name, verdict, detail]);
  return [
    formatTable(['change', 'of', 'name', 'verdict', 'detail'], rows),
    ...conclusions(subject, changes),
  ].join('\n');
}

function conclusions(
  { next, onAdded, onRemoved }: Subject,
  changes: readonly PlanChange[],
): readonly string[] {
  const offending = changes.filter(change => change.verdict === 'needs-version').length;
  const of = (what: PlanChange['what']) =>
    changes.some(change => change.of === 'group' && change.what === what);
  const all = changes.length === 1 ? 'The change' : `${offending} of ${changes.length} changes`;
  const compatible = of('removed')
    ? `All compatible. ${onRemoved}`
    : `All compatible: ${next} takes them over.`;
  return [
    offending === 0
      ? compatible
      : `${all} must not reach the rows that are there: these definitions are refused.`,
    ...(of('added') ? [onAdded] : []),
  ];
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

function summarize(plan: Plan): string {
  const features = plan.groups.reduce((sum, group) => sum + group.features.length + group.derived.length, 0);
  return `${counted(plan.groups.length, 'group')} with ${counted(features, 'feature')}, ${counted(plan.services.length, 'service')}`;
}
