import { createHash } from 'node:crypto';
import type { UnappliedEvent, UnappliedReason, UnappliedStore } from '../../runtime/ports.ts';
import { decodeEntry, encodeEntry, keyPart, positionPart } from './entry.ts';
import { inParallel } from './in-parallel.ts';
import { type ObjectPlace, openObjects } from './objects.ts';

/**
 * Unapplied events in a bucket, an object an event:
 *
 *     TABLE/ROW/LIFE/SHARD/POSITION.FAULT.REASON.json
 *
 * so that a row's events stand together and in order. A fault goes with one reason. An id is a key without its end.
 */
export function createS3UnappliedStore(place: ObjectPlace): UnappliedStore {
  const objects = openObjects(place);

  return {
    async put(events) {
      const byId = new Map(events.map(event => [idOf(event), event]));
      await inParallel([...byId], ([id, event]) => objects.put(`${id}${ending}`, encodeEntry(event)));
    },

    async list({ table, key, limit }) {
      const row = key === undefined ? '' : `${rowPart(key)}/`;
      const under = table === undefined ? '' : `${keyPart(table)}/${row}`;
      const listed = await objects.list(under, limit);
      const found = await inParallel(listed, async ({ key: name }) => {
        const id = name.slice(0, -ending.length);
        const text = await objects.get(name);
        return text === null ? [] : [{ ...decodeEntry<UnappliedEvent>(id, text), id }];
      });
      return found.flat().filter(event => key === undefined || event.key === key);
    },

    async remove(ids) {
      await objects.remove(ids.map(id => `${id}${ending}`));
    },

    async count() {
      const counts = new Map<UnappliedReason, number>();
      for (const { key } of await objects.list('', Number.POSITIVE_INFINITY)) {
        const reason = key.split('.').at(-2) as UnappliedReason;
        counts.set(reason, (counts.get(reason) ?? 0) + 1);
      }
      return counts;
    },
  };
}

const ending = '.json';

function idOf({ table, key, incarnation, position, fault, reason }: UnappliedEvent): string {
  const folder = `${keyPart(table)}/${rowPart(key)}/${keyPart(incarnation)}/${keyPart(position.shard)}`;
  const faultPart = fault === null ? 'none' : digest(fault);
  return `${folder}/${positionPart(position)}.${faultPart}.${reason}`;
}

/** A row's key may have 1,024 bytes, and so may all of an object's: of a long one the beginning and a digest. */
function rowPart(key: string): string {
  const part = keyPart(key);
  return part.length <= 200 ? part : `${part.slice(0, 150)}~${digest(key)}`;
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);
