import type { Field } from '../kernel/expression/nodes.ts';
import type { DerivedPlan } from '../kernel/plan.ts';
import { Aggregation } from './aggregation.ts';
import { describedOf } from './described.ts';
import { DefinitionError, within } from './errors.ts';
import { label } from './expression/build.ts';
import { type ExpressionOf, nodeOf } from './expression/expressions.ts';
import { show } from './expression/literals.ts';
import { walk } from './expression/walk.ts';
import { checkName } from './names.ts';

/** Features computed when they are read. `inScope` tells which fields they may read; `what` is where they stand. */
export function derivedPlans(
  definitions: unknown,
  what: string,
  inScope: (field: Field) => boolean,
): DerivedPlan[] {
  return entriesOf(definitions, what).map(([name, value]) =>
    within({ feature: name }, () => derivedPlan(name, value, inScope)),
  );
}

function derivedPlan(name: string, value: unknown, inScope: (field: Field) => boolean): DerivedPlan {
  checkName(name, 'a feature');
  if (value instanceof Aggregation)
    throw new DefinitionError(
      'it is an aggregation; aggregate under features, and refer to the feature here',
    );
  const expression = nodeOf(value);
  for (const node of walk(expression))
    if (node.kind === 'field' && !inScope(node))
      throw new DefinitionError(
        `it reads ${label(node)}, which is not in scope here; use the callback's own arguments`,
      );
  return { name, type: expression.type, expression, ...describedOf((value as ExpressionOf).described) };
}

/** What a callback returned, by name, in order. */
export function entriesOf(definitions: unknown, what: string): (readonly [string, unknown])[] {
  if (typeof definitions !== 'object' || definitions === null || Array.isArray(definitions))
    throw new DefinitionError(`${what} returns an object of names and definitions; got ${show(definitions)}`);
  return Object.entries(definitions);
}
