import type { GroupPlan, Plan, StreamPlan } from '../kernel/plan.ts';
import { currentSemantics } from '../kernel/semantics.ts';
import { contentHash } from './canonical-json.ts';
import { DefinitionError, within } from './errors.ts';
import type { FeatureGroup } from './feature-group.ts';
import type { FeatureService } from './feature-service.ts';
import { deepFreeze } from './freeze.ts';
import { addFunction, type FunctionTable, type RegisteredFunction } from './function.ts';
import { firstRepeated } from './names.ts';

/** What the definitions ask of a group; its features' types do not matter here. */
type AnyGroup = Pick<FeatureGroup, 'name' | 'entity' | 'stream' | 'plan' | 'functions'>;
type AnyService = Pick<FeatureService, 'name' | 'plan' | 'functions'>;

/** All definitions of a platform, compiled. `streams`, `groups` and `services` are by name, for their types. */
export interface Definitions<
  G extends readonly AnyGroup[] = readonly AnyGroup[],
  S extends readonly AnyService[] = readonly AnyService[],
> {
  readonly plan: Plan;
  /** The functions that the Plan calls, by name. */
  readonly functions: FunctionTable;
  readonly streams: { readonly [I in G[number]['stream'] as I['name']]: I };
  readonly groups: { readonly [I in G[number] as I['name']]: I };
  readonly services: { readonly [I in S[number] as I['name']]: I };
}

/**
 * Compiles groups and services, with the entities and streams they use, to a Plan. The same definitions give the
 * same Plan, byte for byte, in whatever order they are listed.
 */
export function definitions<
  const G extends readonly AnyGroup[],
  const S extends readonly AnyService[] = readonly [],
>({
  groups,
  services = [] as unknown as S,
}: {
  readonly groups: G;
  readonly services?: S;
}): Definitions<G, S> {
  if (![groups, services].every(list => Array.isArray(list)))
    throw new DefinitionError('definitions: groups and services are lists');
  const unnamed = groups.findIndex(group => !group?.plan);
  if (unnamed >= 0)
    throw new DefinitionError(`definitions: groups[${unnamed}] is not what featureGroup(…) returns`);
  const streams = [...new Set(groups.map(group => group.stream))];
  const content = {
    format: 1 as const,
    semantics: [...currentSemantics],
    entities: plansOf('entity', [...new Set(groups.map(group => group.entity))]),
    streams: plansOf('stream', streams).map(stream => withHome(stream, plansOf('group', groups))),
    groups: plansOf('group', groups),
    services: plansOf('service', services),
  };
  checkServices(content);
  return Object.freeze({
    plan: deepFreeze({ ...content, hash: contentHash(content) }),
    functions: allFunctions({ group: groups, service: services }),
    streams: byName(streams) as Definitions<G, S>['streams'],
    groups: byName(groups) as Definitions<G, S>['groups'],
    services: byName(services) as Definitions<G, S>['services'],
  });
}

const byName = <D extends { readonly name: string }>(defined: readonly D[]) =>
  Object.fromEntries(defined.map(definition => [definition.name, definition]));

/** The first group by name that sits on the stream's own key takes the ids in: its rows are written anyway. */
function withHome(stream: StreamPlan, groups: readonly GroupPlan[]): StreamPlan {
  if (stream.dedupe === undefined) return stream;
  const key = JSON.stringify(stream.key);
  const home = groups.find(group => group.stream === stream.name && JSON.stringify(group.keys) === key);
  return home === undefined ? stream : { ...stream, home: home.name };
}

function plansOf<P extends { readonly name: string }>(
  what: string,
  defined: readonly { readonly plan: P }[],
): P[] {
  const plans = defined.map(definition => definition.plan);
  const repeated = firstRepeated(plans.map(plan => plan.name));
  if (repeated !== undefined)
    throw new DefinitionError(
      `there are two definitions of this name; rename one, or use one object for both`,
      {
        definition: `${what} ${repeated}`,
      },
    );
  return plans.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function checkServices(content: Pick<Plan, 'groups' | 'services'>): void {
  for (const service of content.services)
    for (const { group, feature } of service.features) {
      const plan = content.groups.find(candidate => candidate.name === group);
      if (plan && [...plan.features, ...plan.derived].some(f => f.name === feature)) continue;
      throw new DefinitionError(
        `it reads feature ${feature} of group ${group}, which is not among these definitions; list the group under groups`,
        {
          definition: `service ${service.name}`,
        },
      );
    }
}

function allFunctions(
  defined: Record<
    'group' | 'service',
    readonly { readonly name: string; readonly functions: FunctionTable }[]
  >,
): FunctionTable {
  const table = new Map<string, RegisteredFunction>();
  for (const [kind, ofKind] of Object.entries(defined))
    for (const { name, functions } of ofKind)
      within({ definition: `${kind} ${name}` }, () => {
        for (const [called, implementation] of functions) addFunction(table, called, implementation);
      });
  return table;
}
