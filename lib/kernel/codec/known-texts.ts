/**
 * The text of these bytes, at most `longestKnown`; null when there is more than ASCII, which takes the decoder. The texts
 * that were read last are kept by a hash of their bytes: rows name the same categories, devices and items over and over,
 * and to find a string is cheaper than to make it and, as a key, to hash it again.
 */
export function knownText(bytes: Uint8Array, from: number, length: number): string | null {
  const to = from + length;
  let hash = length;
  for (let i = from; i < to; i++) {
    const c = bytes[i] as number;
    if (c > 127) return null;
    hash = (Math.imul(hash, 31) + c) | 0;
  }
  const place = (hash ^ (hash >>> 13)) & (known.length - 1);
  const text = known[place] as string;
  if (text.length === length && isText(text, bytes, from)) return text;
  const codes = scratchCodes[length] as number[];
  for (let i = 0; i < length; i++) codes[i] = bytes[from + i] as number;
  const made = String.fromCharCode.apply(null, codes);
  known[place] = made;
  return made;
}

const known = new Array<string>(8192).fill('');
export const longestKnown = 64;
/** A list of each length that they have, to be filled with character codes. */
const scratchCodes = Array.from({ length: longestKnown + 1 }, (_, length) =>
  new Array<number>(length).fill(0),
);

function isText(text: string, bytes: Uint8Array, from: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[from + i]) return false;
  return true;
}
