import { compareInShard, hash53, type Position, type Row } from '../kernel/index.ts';
import type { Progress } from './fold-rows.ts';
import type { ShardPosition } from './ports.ts';
import type { PlacedEvent } from './row-events.ts';

/**
 * What a row and the progress say of a shard's events (DESIGN, "Exactly-once, how"): those at or below the progress are
 * done everywhere; those at or below the row's mark are in this row.
 */
export interface Standing {
  isDone(event: PlacedEvent): boolean;
  isMarked(event: PlacedEvent): boolean;
}

/**
 * The name by which rows mark a shard: it tells the stream's life too, for a stream that was made anew counts its
 * positions from the start again, under the same shards' names.
 */
export const markName = (incarnation: string, shard: string): string =>
  `${hash53(incarnation).toString(36).padStart(lifeLength, '0').slice(-lifeLength)}.${shard}`;

const lifeLength = 5;

/** Null where all of a row's events, of which this is the first, are above both: nearly always. */
export function standingOf(row: Row, shard: string, progress: Progress, first: PlacedEvent): Standing | null {
  const done = progress.get(shard);
  const mark = markOf(row, shard);
  if (!isPassed(first, done) && !isPassed(first, mark)) return null;
  return { isDone: event => isPassed(event, done), isMarked: event => isPassed(event, mark) };
}

const isPassed = (event: PlacedEvent, by: ShardPosition | undefined): boolean =>
  by !== undefined && compareInShard(event, by) <= 0;

function markOf({ marks }: Row, shard: string): Position | undefined {
  for (const mark of marks) if (mark.shard === shard) return mark;
  return undefined;
}

/** Moves the row's mark for the shard, and drops the marks that their shards' progress has passed. */
export function moveMark(row: Row, shard: string, to: ShardPosition, progress: Progress): void {
  const { sequence, index } = to;
  const moved = { shard, sequence, index };
  const others = openMarks(row, shard, progress);
  row.marks = others.length === 0 ? [moved] : [...others, moved];
}

/** Other shards' marks above their progress: batches in flight. Those of an earlier life of the stream are none. */
export const openMarks = (row: Row, shard: string, progress: Progress): readonly Position[] =>
  row.marks.every(mark => mark.shard === shard)
    ? none
    : row.marks.filter(mark => mark.shard !== shard && isOpen(mark, shard, progress));

const none: readonly never[] = [];

/** Whether no batch is in flight on the row, neither the shard's own nor another's. */
export const isQuiet = (row: Row, shard: string, progress: Progress): boolean =>
  !row.marks.some(mark => isOpen(mark, shard, progress));

function isOpen(mark: Position, shard: string, progress: Progress): boolean {
  if (mark.shard.slice(0, lifeLength) !== shard.slice(0, lifeLength)) return false;
  const passed = progress.get(mark.shard);
  return passed === undefined || compareInShard(mark, passed) > 0;
}
