import type { GroupPlan } from '../kernel/plan.ts';
import type { ValueType } from '../kernel/value-type.ts';
import type { KeyFields } from './entity.ts';
import { DefinitionError, within } from './errors.ts';
import { show } from './expression/literals.ts';
import type { FeatureTypes } from './feature-group.ts';
import { checkName } from './names.ts';

declare const keysOf: unique symbol;
declare const featuresOf: unique symbol;

/** What a service is made of: features of one group under the names they have in the vector. */
export interface ServicePart<K extends KeyFields = KeyFields, T extends FeatureTypes = FeatureTypes> {
  readonly [keysOf]: K;
  readonly [featuresOf]: T;
  readonly group: GroupPlan;
  readonly entries: readonly PartEntry[];
}

export interface PartEntry {
  /** In the vector. */
  readonly name: string;
  /** In the group. */
  readonly feature: string;
  readonly type: ValueType;
}

/** The entity keys of a group, pick or service. */
export type KeysOf<P> = P extends { readonly [keysOf]: infer K } ? K : never;
/** The features of a group, pick or service. */
export type FeaturesOf<P> = P extends { readonly [featuresOf]: infer T } ? T : never;

export interface Pick<K extends KeyFields, T extends FeatureTypes> extends ServicePart<K, T> {
  pick<const P extends readonly (keyof T & string)[]>(...names: P): Pick<K, { [M in P[number]]: T[M] }>;
  prefix<const P extends string>(prefix: P): Pick<K, { [M in keyof T & string as `${P}${M}`]: T[M] }>;
}

/** A part with these of the group's features. */
export function pickOf<K extends KeyFields, T extends FeatureTypes>(
  group: GroupPlan,
  entries: readonly PartEntry[],
): Pick<K, T> {
  const place = { definition: `group ${group.name}` };
  const part = {
    group,
    entries,
    pick: (...names: readonly string[]) =>
      within(place, () => {
        if (names.length === 0)
          throw new DefinitionError('pick() names no feature; name those the service needs');
        return pickOf(
          group,
          names.map(name => entryNamed(entries, name)),
        );
      }),
    prefix: (prefix: string) =>
      within(place, () => {
        const prefixed = entries.map(entry => ({ ...entry, name: `${prefix}${entry.name}` }));
        for (const { name } of prefixed) checkName(name, 'a feature');
        return pickOf(group, prefixed);
      }),
  };
  return Object.freeze(part) as unknown as Pick<K, T>;
}

function entryNamed(entries: readonly PartEntry[], name: unknown): PartEntry {
  const entry = entries.find(e => e.name === name);
  if (entry) return entry;
  throw new DefinitionError(
    `pick names ${show(name)}, which is no feature of it; it has ${entries.map(e => e.name).join(', ')}`,
  );
}
