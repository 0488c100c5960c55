import type { Described, EntityPlan } from '../kernel/plan.ts';
import { describedOf } from './described.ts';
import { DefinitionError, within } from './errors.ts';
import type { External, NumberExpression, StringExpression } from './expression/expressions.ts';
import { type FieldExpression, type FieldOf, fieldPlans } from './field.ts';
import { deepFreeze } from './freeze.ts';
import { checkName } from './names.ts';
import { checkOptions } from './options.ts';

/** Keys identify: they are strings or integers, and never missing. */
export type KeyField = FieldOf<StringExpression, true> | FieldOf<NumberExpression<'int' | 'int64'>, true>;
export type KeyFields = Readonly<Record<string, KeyField>>;

/** What features are about: a user, an item, a user and an item. */
export interface Entity<N extends string = string, K extends KeyFields = KeyFields> {
  readonly name: N;
  readonly keys: K;
  readonly plan: EntityPlan;
}

/** The keys of an entity as readers give them. */
export type KeyValues<K> = { [P in keyof K]: External<FieldExpression<K[P]>> };

/**
 * Defines an entity by its key, or by several together:
 * `entity('customer_item', { keys: { user: string(), item: string() } })`.
 */
export function entity<const N extends string, const K extends KeyFields>(
  name: N,
  options: Described & { readonly keys: K },
): Entity<N, K> {
  return within({ definition: `entity ${name}` }, () => {
    checkName(name, 'an entity');
    checkOptions(options, ['keys']);
    const keys = fieldPlans(options.keys, 'its key').map(field => {
      if (!['string', 'int', 'int64'].includes(field.type.kind))
        throw new DefinitionError(
          `key ${field.name} is a ${field.type.kind}; keys are string(), int() or int64()`,
        );
      if (field.optional || field.nullable)
        throw new DefinitionError(
          `key ${field.name} may be null; keys identify, leave out optional() and nullable()`,
        );
      return { name: field.name, type: field.type };
    });
    return Object.freeze({
      name,
      keys: options.keys,
      plan: deepFreeze({ name, keys, ...describedOf(options) }),
    });
  });
}
