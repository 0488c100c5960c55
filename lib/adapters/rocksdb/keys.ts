import { createScratch } from './scratch.ts';

/**
 * Keys are parts separated by a zero byte, which names (of tables, streams, shards, incarnations) never contain; only
 * a last part may be any text. Compared as bytes, keys with the same first parts stand together.
 */
export const textKey = (...parts: readonly string[]): Buffer => Buffer.from(parts.join('\0'));

/** Makes keys of their last part; each lasts until the next one is made. */
export type KeyWriter = (last: string) => Buffer;

/** The same for many keys with one beginning. */
export function keyWriter(...parts: readonly string[]): KeyWriter {
  const prefix = Buffer.from(`${parts.join('\0')}\0`);
  const scratch = createScratch();
  return last => {
    const { length } = last;
    const key = scratch(prefix.length + length);
    key.set(prefix);
    for (let i = 0; i < length; i++) {
      const c = last.charCodeAt(i);
      if (c > 127) return textKey(...parts, last);
      key[prefix.length + i] = c;
    }
    return key;
  };
}

/** All keys that begin with these parts and have more. */
export function keysUnder(...parts: readonly string[]): { readonly gte: Buffer; readonly lt: Buffer } {
  const prefix = parts.join('\0');
  return { gte: Buffer.from(`${prefix}\0`), lt: Buffer.from(`${prefix}\u0001`) };
}

/** Every key there is. Text in UTF-8 has no byte above 0xf4. */
export const allKeys = { gte: Buffer.of(0), lt: Buffer.of(0xff) };
