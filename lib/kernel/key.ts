import type { Value } from './value-type.ts';

/** An entity's row key, from an event's values or from a request; null where a part of it is missing. */
export type KeyEncoder = (values: readonly Value[]) => string | null;

/** In bytes of UTF-8. Longer keys are no keys: DynamoDB takes 2,048, and stores put parts of their own before it. */
export const longestKey = 1024;

/**
 * The key of the values at `indexes`. One part stands as it is; several are joined by `|`, with `|` and `\` in them
 * escaped, so that different parts never give one key. Empty parts and keys beyond 1,024 bytes are missing ones.
 */
export function keyEncoder(indexes: readonly number[]): KeyEncoder {
  const [only] = indexes;
  if (indexes.length === 1 && only !== undefined) return values => whole(values[only] ?? null);
  return values => keyOf(indexes.map(i => values[i] ?? null));
}

/** The key of a single part. */
function whole(part: Value): string | null {
  if (part === null || part === '') return null;
  const key = typeof part === 'string' ? part : String(part);
  return isTooLong(key) ? null : key;
}

/** The key of these parts, as `keyEncoder` has it. */
export function keyOf(parts: readonly Value[]): string | null {
  if (parts.length === 1) return whole(parts[0] as Value);
  let key = '';
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as Value;
    if (part === null || part === '') return null;
    const text = String(part);
    if (i > 0) key += '|';
    key += text.includes('|') || text.includes('\\') ? text.replace(/[\\|]/g, '\\$&') : text;
  }
  return isTooLong(key) ? null : key;
}

/** A character takes up to three bytes, half a surrogate pair two: only long keys have to be encoded to know. */
const isTooLong = (key: string): boolean =>
  key.length > longestKey || (key.length > longestKey / 3 && encoder.encode(key).length > longestKey);

const encoder = new TextEncoder();
