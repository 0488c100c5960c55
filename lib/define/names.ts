import { DefinitionError } from './errors.ts';

const identifier = /^[a-z][a-z0-9_]*$/i;
const longest = 64;
/** Names become properties of objects that readers get. */
const reserved = new Set(['__proto__', 'constructor', 'prototype']);

/** Throws a DefinitionError unless `name` can name a definition, a field or a feature. */
export function checkName(name: unknown, what: string): asserts name is string {
  if (typeof name !== 'string')
    throw new DefinitionError(`${what} needs a name; got ${JSON.stringify(name) ?? String(name)}`);
  if (reserved.has(name)) throw new DefinitionError(`'${name}' cannot name ${what}; choose another name`);
  if (!identifier.test(name))
    throw new DefinitionError(
      `'${name}' cannot name ${what}; use a letter first, then letters, digits and _`,
    );
  if (name.length > longest)
    throw new DefinitionError(`'${name}' is ${name.length} characters long; ${longest} is the most`);
}

/** The first name that occurs again, were it only in another case (SQL engines take these for one). */
export function firstRepeated(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (const name of names) {
    const folded = name.toLowerCase();
    if (seen.has(folded)) return name;
    seen.add(folded);
  }
  return undefined;
}
