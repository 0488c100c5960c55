import type { GroupView } from './group-view.ts';
import type { EntityKey } from './read-request.ts';

/** The different row keys of some entities, and which of them each entity has. */
export interface WantedRows {
  readonly keys: readonly string[];
  readonly places: readonly number[];
}

/** By part; parts of one entity want the same. Throws ReadRequestError for keys that make no sense. */
export function wantedRows(parts: readonly GroupView[], keys: readonly EntityKey[]): WantedRows[] {
  const wanted: WantedRows[] = [];
  for (const [p, { keyOf }] of parts.entries()) {
    const same = parts.findIndex(part => part.keyOf === keyOf);
    wanted.push(same < p ? wanted[same]! : distinct(keys, keyOf));
  }
  return wanted;
}

function distinct(keys: readonly EntityKey[], keyOf: (key: EntityKey) => string): WantedRows {
  if (keys.length === 1) return { keys: [keyOf(keys[0]!)], places: [0] };
  const places = new Map<string, number>();
  const placesOf = keys.map(key => {
    const text = keyOf(key);
    const known = places.get(text);
    if (known !== undefined) return known;
    places.set(text, places.size);
    return places.size - 1;
  });
  return { keys: [...places.keys()], places: placesOf };
}
