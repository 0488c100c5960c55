import { isDeepStrictEqual } from 'node:util';
import { MillraceError } from '../kernel/errors.ts';
import type { Described, GroupPlan, Plan, SlotPlan, StreamPlan } from '../kernel/plan.ts';

/** One difference between two Plans. */
export interface PlanChange {
  readonly what: 'added' | 'removed' | 'changed';
  readonly of: 'entity' | 'stream' | 'group' | 'feature' | 'service';
  /** A feature's is `group.feature`. */
  readonly name: string;
  /** What differs, in words, and, where a version is needed, what to do. */
  readonly detail: string;
  /** Whether rows and readers of the Plan before stay right, or the group (or service) needs its next version. */
  readonly verdict: 'compatible' | 'needs-version';
}

/** Definitions changed what stored values mean without a new version. */
export class PlanConflictError extends MillraceError {
  override readonly name = 'PlanConflictError';
  readonly conflicts: readonly PlanChange[];

  constructor(conflicts: readonly PlanChange[]) {
    const lines = conflicts.map(change => `  ${change.of} ${change.name}: ${change.detail}`);
    super(`definitions changed their meaning without a new version:\n${lines.join('\n')}`);
    this.conflicts = conflicts;
  }
}

/** All differences, in a fixed order: entities, streams, groups with their features, services. */
export function comparePlans(before: Plan, after: Plan): PlanChange[] {
  return [
    ...paired('entity', before.entities, after.entities, (a, b) => [
      ...whenDiffers(
        'entity',
        b.name,
        meaningOf(a),
        meaningOf(b),
        'its keys changed: every group on it needs a new version',
      ),
      ...wordChanges('entity', b.name, a, b),
    ]),
    ...paired('stream', before.streams, after.streams, streamChanges),
    ...paired('group', before.groups, after.groups, (a, b) => groupChanges(a, b, before, after)),
    ...paired('service', before.services, after.services, (a, b) => {
      if (b.version > a.version)
        return [change('added', 'service', b.name, `version ${b.version}, after ${a.version}`)];
      const next = Math.max(a.version, b.version) + 1;
      if (b.version < a.version)
        return [
          refused(
            'service',
            b.name,
            `its version went back from ${a.version} to ${b.version}; raise it to ${next}`,
          ),
        ];
      if (isDeepStrictEqual(meaningOf(a), meaningOf(b))) return wordChanges('service', b.name, a, b);
      return [
        refused('service', b.name, `its vector changed; raise version to ${next} of service ${b.name}`),
      ];
    }),
  ];
}

/** Throws a PlanConflictError that lists every definition that needs a new version. */
export function assertCompatible(before: Plan, after: Plan): void {
  const conflicts = comparePlans(before, after).filter(({ verdict }) => verdict === 'needs-version');
  if (conflicts.length > 0) throw new PlanConflictError(conflicts);
}

/** Streams have no versions: what changes the values of groups shows in the groups' fingerprints. */
function streamChanges(a: StreamPlan, b: StreamPlan): PlanChange[] {
  const { schema: fieldsBefore, home: homeBefore, ...timingBefore } = meaningOf(a) as StreamPlan;
  const { schema: fieldsAfter, home: homeAfter, ...timingAfter } = meaningOf(b) as StreamPlan;
  const fields = paired('stream', fieldsBefore, fieldsAfter, (x, y) =>
    isDeepStrictEqual(x, y) ? [] : [change('changed', 'stream', y.name, '')],
  ).map(field => `field ${field.name} ${field.what}`);
  return [
    ...whenDiffers(
      'stream',
      b.name,
      timingBefore,
      timingAfter,
      'its event time, key, dedupe or since changed',
    ),
    ...whenDiffers(
      'stream',
      b.name,
      homeBefore,
      homeAfter,
      `the rows that remember its ids are now those of ${homeAfter ?? 'its own'}, before of ${homeBefore ?? 'its own'}: ` +
        'copies of events from just before the change may count again',
    ),
    ...(fields.length === 0 ? [] : [change('changed', 'stream', b.name, fields.join(', '))]),
    ...wordChanges('stream', b.name, a, b),
  ];
}

function groupChanges(a: GroupPlan, b: GroupPlan, before: Plan, after: Plan): PlanChange[] {
  if (b.version > a.version)
    return [change('added', 'group', b.name, `version ${b.version}, after ${a.version}`)];
  if (b.version < a.version)
    return [
      refused(
        'group',
        b.name,
        `its version went back from ${a.version} to ${b.version}; raise it to ${a.version + 1}`,
      ),
    ];

  const advice = `raise version to ${b.version + 1} of group ${b.name}`;
  const why = a.fingerprint === b.fingerprint ? [] : rowChanges(a, b, before, after);
  return [
    ...(a.fingerprint === b.fingerprint ? [] : [refused('group', b.name, `${why.join(', ')}; ${advice}`)]),
    ...featureChanges(a, b, advice),
    ...wordChanges('group', b.name, a, b),
  ];
}

/** Why the rows of two groups of one version mean different things. */
function rowChanges(a: GroupPlan, b: GroupPlan, before: Plan, after: Plan): string[] {
  const keysOf = (plan: Plan, group: GroupPlan) => plan.entities.find(e => e.name === group.entity)?.keys;
  const reasons = [
    a.entity !== b.entity || !isDeepStrictEqual(keysOf(before, a), keysOf(after, b))
      ? "its entity or the entity's keys changed"
      : '',
    a.stream !== b.stream ? `it reads stream ${b.stream} instead of ${a.stream}` : '',
    isDeepStrictEqual(a.keys, b.keys) ? '' : 'its keys are read from other fields',
    isDeepStrictEqual(a.slots, b.slots) ? '' : 'what its rows keep changed',
  ].filter(reason => reason !== '');
  return reasons.length > 0
    ? reasons
    : [`stream ${b.stream} changed a field it reads, its event time, key, dedupe or since`];
}

function featureChanges(a: GroupPlan, b: GroupPlan, advice: string): PlanChange[] {
  const named = (group: GroupPlan) =>
    [...group.features, ...group.derived].map(feature => ({
      ...feature,
      plain: feature.name,
      name: `${group.name}.${feature.name}`,
    }));
  const [olds, news] = [named(a), named(b)];
  return paired('feature', olds, news, (x, y) => {
    if (isDeepStrictEqual(featureMeaning(x, a), featureMeaning(y, b)))
      return wordChanges('feature', y.name, x, y);
    return [refused('feature', y.name, `its meaning changed; ${advice}, or give it another name`)];
  }).map(found => {
    const added = found.what === 'added' ? news.find(feature => feature.name === found.name) : undefined;
    if (!added || !('slot' in added) || isKept(b.slots[added.slot], added.window, a)) return found;
    return refused(
      'feature',
      added.name,
      `its group keeps nothing yet that it could be read from; ${advice}`,
      'added',
    );
  });
}

/** A feature's plan with the slot itself for its index, without words. */
function featureMeaning(
  feature: Described & { readonly name: string; readonly plain: string },
  group: GroupPlan,
): unknown {
  const { name: _, ...meaning } = meaningOf(feature) as { name: string; slot?: number };
  return 'slot' in meaning && meaning.slot !== undefined
    ? { ...meaning, slot: withoutWindows(group.slots[meaning.slot]) }
    : meaning;
}

const isKept = (slot: SlotPlan | undefined, window: SlotPlan['windows'][number], group: GroupPlan): boolean =>
  group.slots.some(
    kept => isDeepStrictEqual(withoutWindows(kept), withoutWindows(slot)) && kept.windows.includes(window),
  );

function withoutWindows(slot: SlotPlan | undefined): Omit<SlotPlan, 'windows'> | undefined {
  if (!slot) return undefined;
  const { windows: _, ...rest } = slot;
  return rest;
}

/** Pairs definitions by name; those on one side only are added or removed. */
function paired<D extends { readonly name: string }>(
  of: PlanChange['of'],
  before: readonly D[],
  after: readonly D[],
  compare: (a: D, b: D) => PlanChange[],
): PlanChange[] {
  const changes = after.flatMap(b => {
    const a = before.find(candidate => candidate.name === b.name);
    return a ? compare(a, b) : [change('added', of, b.name, 'new')];
  });
  const gone = before.filter(a => !after.some(b => b.name === a.name));
  return [...changes, ...gone.map(a => change('removed', of, a.name, 'no longer defined'))];
}

const words = ['description', 'owner', 'tags'] as const;

function wordChanges(of: PlanChange['of'], name: string, a: Described, b: Described): PlanChange[] {
  const changed = words.filter(word => !isDeepStrictEqual(a[word], b[word]));
  return changed.length === 0 ? [] : [change('changed', of, name, `${changed.join(', ')} changed`)];
}

/** Plain data without what people say of it, at every depth. */
function meaningOf(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(meaningOf);
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(
    Object.entries(data)
      .filter(([key]) => !(words as readonly string[]).includes(key))
      .map(([key, value]) => [key, meaningOf(value)]),
  );
}

const whenDiffers = (
  of: PlanChange['of'],
  name: string,
  a: unknown,
  b: unknown,
  detail: string,
): PlanChange[] => (isDeepStrictEqual(a, b) ? [] : [change('changed', of, name, detail)]);

const change = (
  what: PlanChange['what'],
  of: PlanChange['of'],
  name: string,
  detail: string,
): PlanChange => ({
  what,
  of,
  name,
  detail,
  verdict: 'compatible',
});

const refused = (
  of: PlanChange['of'],
  name: string,
  detail: string,
  what: PlanChange['what'] = 'changed',
): PlanChange => ({ ...change(what, of, name, detail), verdict: 'needs-version' });
