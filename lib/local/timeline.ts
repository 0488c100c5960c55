import type { DataDirectory } from '../adapters/rocksdb/data-directory.ts';
import { MillraceError } from '../runtime/errors.ts';

/**
 * Whose time a data directory's events arrive by: the wall's, or that of a history that is replayed. It is settled by
 * the first event: one after the other, the live events of today would make all of history late.
 */
export type Timeline = 'wall' | 'replay';

/** A directory of replayed history was given live events, or the other way round. */
export class TimelineError extends MillraceError {
  override readonly name = 'TimelineError';
}

const metaName = 'timeline';

export async function readTimeline(directory: DataDirectory): Promise<Timeline | null> {
  return (await directory.readMeta(metaName)) as Timeline | null;
}

/** Settles the timeline, or throws TimelineError where events that are there have settled it otherwise. */
export async function claimTimeline(
  directory: DataDirectory,
  wanted: Timeline,
  present: { readonly settled: Timeline | null; readonly hasEvents: boolean },
): Promise<Timeline> {
  const { settled, hasEvents } = present;
  if (settled === wanted) return settled;
  if (settled === null || !hasEvents) {
    await directory.writeMeta(metaName, wanted);
    return wanted;
  }
  throw new TimelineError(
    settled === 'replay'
      ? `data directory ${directory.path} holds replayed history: ingest with --replay, or choose another with --data`
      : `data directory ${directory.path} holds events that arrived live: leave --replay out, or choose another with --data`,
  );
}
