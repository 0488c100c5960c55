import { DefinitionError } from './errors.ts';
import { show } from './expression/literals.ts';

const described = ['description', 'owner', 'tags'];

/** Refuses options that there are not: a misspelled one would be left out in silence. */
export function checkOptions(options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null)
    throw new DefinitionError(`its options are an object; got ${show(options)}`);
  const unknown = Object.keys(options).find(name => !known.includes(name) && !described.includes(name));
  if (unknown !== undefined)
    throw new DefinitionError(
      `there is no option ${unknown}; there are ${[...known, ...described].join(', ')}`,
    );
}

/** Refuses what is no function where a callback is wanted. */
export function checkCallback(callback: unknown, name: string): void {
  if (typeof callback !== 'function')
    throw new DefinitionError(`${name} is a function of the fields in scope; got ${show(callback)}`);
}
