import type { Described } from '../kernel/plan.ts';
import { DefinitionError } from './errors.ts';

/** The described parts of a definition's options, checked, absent where not given. */
export function describedOf(from: Described): Described {
  const { description, owner, tags } = from;
  for (const [name, text] of [
    ['description', description],
    ['owner', owner],
  ] as const) {
    if (text !== undefined && typeof text !== 'string')
      throw new DefinitionError(`${name} is a text; got ${typeof text}`);
  }
  if (
    tags !== undefined &&
    !(Array.isArray(tags) && tags.every(tag => typeof tag === 'string' && tag !== ''))
  )
    throw new DefinitionError('tags are a list of texts that are not empty');
  return {
    ...(description === undefined ? {} : { description }),
    ...(owner === undefined ? {} : { owner }),
    ...(tags === undefined || tags.length === 0 ? {} : { tags: [...new Set(tags)] }),
  };
}
