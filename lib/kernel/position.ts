/**
 * Where an event stands in its stream: the shard, the record's sequence number in it, and the event's index within
 * a packed record. Sequence numbers are numbers where they fit, bigints where they do not (Kinesis: 56 digits);
 * JavaScript compares the two kinds with each other correctly.
 */
export interface Position {
  readonly shard: string;
  readonly sequence: number | bigint;
  readonly index: number;
}

/** The order within one shard. */
export function compareInShard(
  a: { readonly sequence: number | bigint; readonly index: number },
  b: { readonly sequence: number | bigint; readonly index: number },
): number {
  if (a.sequence < b.sequence) return -1;
  if (a.sequence > b.sequence) return 1;
  return a.index - b.index;
}
