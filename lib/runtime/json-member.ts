/**
 * The text of an object's member as it stands in the JSON, or null where there is none: `JSON.parse` would round an
 * integer past 2^53. `json` is a valid JSON object; of several members of one name the last counts, as there.
 */
export function memberText(json: string, name: string): string | null {
  let found: string | null = null;
  let at = json.indexOf('{') + 1;
  for (;;) {
    at = skipTo(json, at, '"}');
    if (json[at] !== '"') return found;
    const keyEnd = stringEnd(json, at);
    const key = json.slice(at, keyEnd);
    const from = json.indexOf(':', keyEnd) + 1;
    const end = valueEnd(json, from);
    if (key === `"${name}"` || (key.includes('\\') && JSON.parse(key) === name)) {
      found = json.slice(from, end).trim();
    }
    at = end;
  }
}

function skipTo(json: string, from: number, characters: string): number {
  let at = from;
  while (at < json.length && !characters.includes(json[at]!)) at++;
  return at;
}

/** One past the closing quote of the string that opens at `from`. */
function stringEnd(json: string, from: number): number {
  let at = from + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** Where the value that begins at or after `from` is over: at the comma or brace that follows it. */
function valueEnd(json: string, from: number): number {
  let depth = 0;
  for (let at = from; at < json.length; ) {
    const character = json[at]!;
    if (character === '"') {
      at = stringEnd(json, at);
      continue;
    }
    if (character === '{' || character === '[') depth++;
    else if (depth === 0 && (character === ',' || character === '}')) return at;
    else if (character === '}' || character === ']') depth--;
    at++;
  }
  return json.length;
}
