import {
  type Quarantine,
  type QuarantinedEvent,
  type QuarantineReason,
  quarantineReasons,
} from '../../runtime/ports.ts';
import { decodeEntry, encodeEntry, keyPart, positionPart } from './entry.ts';
import { inParallel } from './in-parallel.ts';
import { type ListedObject, type ObjectPlace, openObjects } from './objects.ts';

/**
 * The quarantine in a bucket, an object an event:
 *
 *     STREAM/DAY/REASON/SHARD/POSITION.json     plays/2026-11-23/schema/shardId-000000000001/5649…98-010.json
 *
 * The day (UTC) is that of arrival, which a retry does not change: so it puts an event there once. An id is a key without
 * its end. Listings go by stream, day, shard and position.
 *
 * An event that another release finds bad for another reason is there twice. A listing of all reasons has it once, under
 * the reason of the later second; to remove it under one reason removes it under all.
 */
export function createS3Quarantine(place: ObjectPlace): Quarantine {
  const objects = openObjects(place);

  async function load(id: string): Promise<Quarantined | null> {
    const text = await objects.get(`${id}${ending}`);
    return text === null ? null : { ...decodeEntry<QuarantinedEvent>(id, text), id };
  }

  return {
    async put(events) {
      // The last of several under one key counts, as it would in several calls.
      const byId = new Map(events.map(event => [idOf(event), event]));
      await inParallel([...byId], ([id, event]) => objects.put(`${id}${ending}`, encodeEntry(event)));
    },

    async list({ stream, reason, limit }) {
      const found: Quarantined[] = [];
      const reasons = reason === undefined ? quarantineReasons : [reason];
      const streams = stream === undefined ? await objects.folders('') : [keyPart(stream)];
      for (const name of streams) {
        for (const day of await objects.folders(`${name}/`)) {
          const left = limit - found.length;
          if (left <= 0) return found;
          const listed = await inParallel(reasons, one => objects.list(`${name}/${day}/${one}/`, left));
          const ids = onePerPosition(listed.flat()).slice(0, left);
          const events = await inParallel(ids, load);
          found.push(...events.filter(event => event !== null));
        }
      }
      return found;
    },

    async get(id) {
      return partsOf(id) === null ? null : load(id);
    },

    async remove(ids) {
      const keys = new Set<string>();
      for (const id of ids) {
        const parts = partsOf(id);
        if (parts === null) continue;
        for (const reason of quarantineReasons) {
          keys.add(`${parts.stream}/${parts.day}/${reason}/${parts.place}${ending}`);
        }
      }
      await objects.remove([...keys]);
    },

    async count() {
      const counts = new Map<QuarantineReason, number>();
      for (const { key } of await objects.list('', Number.POSITIVE_INFINITY)) {
        const parts = partsOf(key.slice(0, -ending.length));
        if (parts !== null) counts.set(parts.reason, (counts.get(parts.reason) ?? 0) + 1);
      }
      return counts;
    },
  };
}

type Quarantined = QuarantinedEvent & { readonly id: string };

const ending = '.json';

function idOf({ stream, arrivalTime, reason, position }: QuarantinedEvent): string {
  const day = new Date(arrivalTime).toISOString().slice(0, 10);
  return `${keyPart(stream)}/${day}/${reason}/${keyPart(position.shard)}/${positionPart(position)}`;
}

interface IdParts {
  readonly stream: string;
  readonly day: string;
  readonly reason: QuarantineReason;
  /** Shard and position. */
  readonly place: string;
}

/** null for text that is no id: nothing is kept under it. */
function partsOf(id: string): IdParts | null {
  const match = /^([^/]+)\/(\d{4}-\d\d-\d\d)\/([a-z-]+)\/([^/]+\/\d+-\d+)$/.exec(id);
  if (match === null) return null;
  const [, stream = '', day = '', reason = '', place = ''] = match;
  return { stream, day, reason: reason as QuarantineReason, place };
}

/** The ids of a day's objects in the order of their places; of those at one place the one that was put last. */
function onePerPosition(listed: readonly ListedObject[]): string[] {
  const byPlace = new Map<string, { readonly id: string; readonly modified: number }>();
  for (const { key, modified } of listed) {
    const id = key.slice(0, -ending.length);
    const place = partsOf(id)?.place;
    if (place !== undefined && modified >= (byPlace.get(place)?.modified ?? 0))
      byPlace.set(place, { id, modified });
  }
  return [...byPlace].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { id }]) => id);
}
