/** How the events of an entity's kind are spread over its entities. At most one of the two; neither: evenly. */
export interface Spread {
  /** An entity has events in bursts, as in a session: so many seconds pass between two of them. */
  readonly gapSeconds?: number;
  /** The entity of rank r has a share in proportion to 1 / r^skew (Zipf's law). */
  readonly skew?: number;
}

export interface RowLoad extends Spread {
  readonly eventsPerSecond: number;
  /** Events are gathered for so long, and then folded into one write for each row. */
  readonly batchSeconds: number;
  /** Over how many shards an entity's own events go: each shard's batch writes the row for itself. */
  readonly shards: number;
  readonly entities: number;
}

/**
 * How many rows are written for an event, of a group that takes each event: 1 where no two events of an entity ever
 * meet in a batch, and less the more do. Events come independently (Poisson): an entity that has λ events in a batch on
 * average is in a share of 1 − e^−λ of the batches.
 */
export function rowsPerEvent(load: RowLoad): number {
  const { eventsPerSecond, batchSeconds, shards, gapSeconds, skew = 0 } = load;
  const perBatch = (eventsPerSecond * batchSeconds) / shards;
  if (perBatch === 0) return 1;
  // Those who are active: at least one, and no more than there are.
  const active = Math.max(
    1,
    Math.min(load.entities, eventsPerSecond * (gapSeconds ?? Number.POSITIVE_INFINITY)),
  );
  return writtenOf(perBatch, active, skew) / perBatch;
}

/** Of a batch of so many events: how many entities it has on average. */
function writtenOf(events: number, entities: number, skew: number): number {
  if (skew === 0) return entities * isThere(events / entities);
  const bins = binsOf(entities);
  let weight = 0;
  for (const { rank, width } of bins) weight += width * rank ** -skew;
  let written = 0;
  for (const { rank, width } of bins) written += width * isThere((events * rank ** -skew) / weight);
  return written;
}

const isThere = (mean: number): number => -Math.expm1(-mean);

/** The greatest share that one entity has of the events. */
export function hottestShare({ gapSeconds, skew = 0, entities, eventsPerSecond }: RowLoad): number {
  if (gapSeconds !== undefined) return Math.min(1, 1 / (gapSeconds * eventsPerSecond));
  if (skew === 0) return 1 / Math.max(1, entities);
  return 1 / binsOf(entities).reduce((sum, { rank, width }) => sum + width * rank ** -skew, 0);
}

/** Ranks one by one as far as they differ, and then in bins that are a hundredth of their rank wide. */
function binsOf(entities: number): readonly { rank: number; width: number }[] {
  const bins: { rank: number; width: number }[] = [];
  for (let first = 1; first <= entities; ) {
    const width = Math.min(Math.max(1, Math.floor(first / 100)), entities - first + 1);
    bins.push({ rank: first + (width - 1) / 2, width });
    first += width;
  }
  return bins;
}
