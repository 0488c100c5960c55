/**
 * The texts of the elements of a JSON array, which must be valid: they are cut out, not written anew, so that no
 * number loses digits on the way.
 */
export function splitArray(json: Buffer): Buffer[] {
  const elements: Buffer[] = [];
  let from = json.indexOf(open) + 1;
  let depth = 0;
  for (let at = from; at < json.length; at++) {
    switch (json[at]) {
      case quote:
        at = stringEnd(json, at);
        break;
      case open:
      case openBrace:
        depth++;
        break;
      case closeBrace:
        depth--;
        break;
      case close:
        if (depth === 0) {
          const last = trimmed(json, from, at);
          // An empty array has one empty place.
          if (last.length > 0) elements.push(last);
          return elements;
        }
        depth--;
        break;
      case comma:
        if (depth === 0) {
          elements.push(trimmed(json, from, at));
          from = at + 1;
        }
    }
  }
  return elements;
}

const code = (character: string): number => character.charCodeAt(0);
const open = code('[');
const close = code(']');
const openBrace = code('{');
const closeBrace = code('}');
const comma = code(',');
const quote = code('"');
const backslash = code('\\');
const space = code(' ');

/** Where the string that begins at `from` has its closing quote. */
function stringEnd(json: Buffer, from: number): number {
  for (let at = from + 1; ; at++) {
    if (json[at] === backslash) at++;
    else if (json[at] === quote || at >= json.length) return at;
  }
}

function trimmed(json: Buffer, from: number, to: number): Buffer {
  while (from < to && json[from]! <= space) from++;
  while (to > from && json[to - 1]! <= space) to--;
  return json.subarray(from, to);
}
