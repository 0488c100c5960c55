import { compareInShard, hash53, type Position, type Row } from '../kernel/index.ts';
import type { PlacedEvent, Progress } from './fold-rows.ts';
import type { ShardPosition } from './ports.ts';

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

export function standingOf(row: Row, shard: string, progress: Progress): Standing {
  const done = progress.get(shard);
  const mark = row.marks.find(m => m.shard === shard);
  return {
    isDone: event => done !== undefined && compareInShard(event, done) <= 0,
    isMarked: event => mark !== undefined && compareInShard(event, mark) <= 0,
  };
}

/** Moves the row's mark for the shard, and drops the marks that their shards' progress has passed. */
export function moveMark(row: Row, shard: string, to: ShardPosition, progress: Progress): void {
  const { sequence, index } = to;
  row.marks = [...openMarks(row, shard, progress), { shard, sequence, index }];
}

/** Other shards' marks above their progress: batches in flight. Those of an earlier life of the stream are none. */
export const openMarks = (row: Row, shard: string, progress: Progress): Position[] =>
  row.marks.filter(mark => mark.shard !== shard && isOpen(mark, shard, progress));

/** Whether no batch is in flight on the row, neither the shard's own nor another's. */
export const isQuiet = (row: Row, shard: string, progress: Progress): boolean =>
  !row.marks.some(mark => isOpen(mark, shard, progress));

function isOpen(mark: Position, shard: string, progress: Progress): boolean {
  if (mark.shard.slice(0, lifeLength) !== shard.slice(0, lifeLength)) return false;
  const passed = progress.get(mark.shard);
  return passed === undefined || compareInShard(mark, passed) > 0;
}
