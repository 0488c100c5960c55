import { compareInShard, type Position, type Row } from '../kernel/index.ts';
import { markName } from './marks.ts';
import type { UnappliedEvent } from './ports.ts';

/** An unapplied event as it is kept. */
export type Entry = UnappliedEvent & { readonly id: string };

const markOf = ({ incarnation, position }: Entry): string => markName(incarnation, position.shard);

/** The same for entries of one event, under whatever fault. */
export const positionText = ({ incarnation, position: { shard, sequence, index } }: Entry): string =>
  JSON.stringify([incarnation, shard, sequence.toString(), index]);

export const isAt = (entry: Entry, position: Position): boolean =>
  position.shard === markOf(entry) && compareInShard(position, entry.position) === 0;

export const isMarked = ({ marks }: Pick<Row, 'marks'>, entry: Entry): boolean =>
  marks.some(mark => mark.shard === markOf(entry) && compareInShard(entry.position, mark) <= 0);
