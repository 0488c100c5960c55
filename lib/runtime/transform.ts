import {
  compareInShard,
  compileGroup,
  encodeRow,
  type FunctionRegistry,
  type GroupKernel,
  type Plan,
  type Position,
  type Row,
  type StreamEvent,
} from '../kernel/index.ts';
import { createRecordDecoder, type DecodedBatch, isBad } from './decode-records.ts';
import type { Transform, TransformCounts } from './drain.ts';
import { MillraceError } from './errors.ts';
import type { EventRecord } from './parse-records.ts';
import type { Clock, Quarantine, QuarantinedEvent, RowWrite, ShardPosition, StateStore } from './ports.ts';
import { localRowLimits, type RowLimits, rowOf, type SpilledRow, spillHead, tableOf } from './rows.ts';
import { createRunGraveyard } from './run-graveyard.ts';

export interface TransformOptions {
  readonly plan: Plan;
  readonly functions?: FunctionRegistry;
  /** Which of the Plan's streams the batches are of. */
  readonly stream: string;
  /** The life of the stream that positions belong to. */
  readonly incarnation: string;
  readonly store: StateStore;
  readonly quarantine: Quarantine;
  /** The wall: row versions follow it. */
  readonly clock: Clock;
  readonly limits?: RowLimits;
}

/**
 * The use case that turns events into feature rows. One call takes a batch of records of one shard, in order, and
 * resolves when each event has its effect, once: folded into the row of every group it is for, or quarantined with
 * the reason. Batches of one shard must not overlap; of several shards they may.
 *
 * Once means: a row remembers by its marks which positions of which shard it holds, until the shard's progress has
 * passed them; the progress is read after the rows it guards and moved after they are written (DESIGN,
 * "Exactly-once, how"). So a batch that failed midway, or is given again, changes nothing that it changed before.
 *
 * Rows that could not be written are counted as `failed`, and progress stays below them: give the batch again.
 */
export function createTransform(options: TransformOptions): Transform {
  const { plan, functions, incarnation, store, quarantine, clock, limits = localRowLimits } = options;
  const stream = plan.streams.find(s => s.name === options.stream);
  if (stream === undefined) throw new MillraceError(`the Plan has no stream ${options.stream}`);
  const decode = createRecordDecoder(stream);
  const kernels = plan.groups
    .filter(g => g.stream === stream.name)
    .map(g => compileGroup(plan, g, functions));
  const graveyard = createRunGraveyard(store, clock);

  return async ({ shard, records }) => {
    const last = records.at(-1);
    if (last === undefined) return { accepted: 0, skipped: 0, late: 0, bad: 0, failed: 0 };
    const done = (await store.readProgress(incarnation)).get(shard);
    const { events, rejected, skipped } = sort(decode(records), shard, done);
    if (rejected.length > 0) await quarantine.put(rejected);

    const failed = new Set<number | bigint>();
    for (const kernel of kernels) {
      await applyToGroup(kernel, shard, events, failed);
    }
    await graveyard.bury();

    const through = lastSettled(records, failed);
    if (through !== null) await store.advanceProgress(incarnation, shard, through);
    return counts(events, rejected, skipped, failed);
  };

  /** Of the events above the shard's progress: those to be folded, and those that are bad or late for every group. */
  function sort({ records, outcomes }: DecodedBatch, shard: string, done: ShardPosition | undefined): Sorted {
    const events: PlacedEvent[] = [];
    const rejected: QuarantinedEvent[] = [];
    let skipped = 0;
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as EventRecord;
      const outcome = outcomes[i] as DecodedBatch['outcomes'][number];
      const { sequence, index = 0 } = record;
      if (done !== undefined && compareInShard({ sequence, index }, done) <= 0) {
        skipped++;
      } else if (isBad(outcome)) {
        rejected.push(quarantined(record, shard, outcome.reason, outcome.detail));
      } else if (isVisible(outcome)) {
        events.push({ event: outcome, sequence, index });
      } else {
        rejected.push(quarantined(record, shard, 'late', lateness(outcome, kernels)));
      }
    }
    return { events, rejected, skipped };
  }

  function quarantined(
    { sequence, index = 0, arrivalTime, data }: EventRecord,
    shard: string,
    reason: QuarantinedEvent['reason'],
    detail: string,
  ): QuarantinedEvent {
    const position = { shard, sequence, index };
    return { stream: options.stream, position, arrivalTime, reason, detail, payload: data };
  }

  function isVisible({ time, arrivalTime }: StreamEvent): boolean {
    for (const kernel of kernels) if (time >= kernel.earliestVisible(arrivalTime)) return true;
    return false;
  }

  async function applyToGroup(
    kernel: GroupKernel,
    shard: string,
    events: readonly PlacedEvent[],
    failed: Set<number | bigint>,
  ): Promise<void> {
    const table = tableOf(kernel.group);
    let waiting = byEntity(kernel, events);
    for (let attempt = 0; waiting.size > 0; attempt++) {
      const keys = [...waiting.keys()];
      const stored = await store.read(table, keys);
      // After the rows: a mark at or below this progress can go, and no row can have been written past it since.
      const progress = await store.readProgress(incarnation);

      const writes: RowWrite[] = [];
      const spilled = new Map<string, SpilledRow>();
      const now = clock.now();
      let i = 0;
      for (const [key, list] of waiting) {
        const before = stored[i++] ?? null;
        const row = rowOf(kernel, key, before);
        if (!fold(kernel, row, shard, list, progress)) continue;
        const expected = before === null ? 0 : before.version;
        let bytes = encodeRow(kernel, row);
        if (bytes.length > limits.headBytes) {
          const spill = await spillHead(kernel, store, key, row, limits);
          spilled.set(key, spill);
          bytes = spill.bytes;
        }
        writes.push({ key, expected, version: Math.max(expected + 1, now), bytes });
      }
      if (spilled.size > 0) {
        await store.writeRuns(
          table,
          [...spilled.values()].flatMap(s => s.created),
        );
      }

      const outcomes = await store.write(table, writes);
      const again = new Map<string, PlacedEvent[]>();
      for (let w = 0; w < writes.length; w++) {
        const { key } = writes[w] as RowWrite;
        if (outcomes[w] === 'written') {
          for (const id of spilled.get(key)?.replaced ?? []) graveyard.add(table, id);
        } else {
          // Runs created for it stay: a write that seems lost may have taken effect, and the row name them.
          again.set(key, waiting.get(key) as PlacedEvent[]);
        }
      }
      if (again.size > 0 && attempt === attempts) {
        for (const list of again.values()) for (const { sequence } of list) failed.add(sequence);
        return;
      }
      waiting = again;
    }
  }
}

interface PlacedEvent {
  readonly event: StreamEvent;
  readonly sequence: number | bigint;
  readonly index: number;
}

interface Sorted {
  readonly events: readonly PlacedEvent[];
  readonly rejected: readonly QuarantinedEvent[];
  readonly skipped: number;
}

/** A row that other shards fill as well can be overtaken now and then; one that always is points at a fault. */
const attempts = 20;

/** The events that some slot of the group takes, by entity. */
function byEntity(kernel: GroupKernel, events: readonly PlacedEvent[]): Map<string, PlacedEvent[]> {
  const lists = new Map<string, PlacedEvent[]>();
  for (const placed of events) {
    const { event } = placed;
    if (event.time < kernel.earliestVisible(event.arrivalTime) || !kernel.takes(event)) continue;
    const key = kernel.keyOf(event.values);
    if (key === null) continue;
    const list = lists.get(key);
    if (list === undefined) lists.set(key, [placed]);
    else list.push(placed);
  }
  return lists;
}

/** Folds the events that the row does not hold yet and moves its mark; false when it holds them all. */
function fold(
  kernel: GroupKernel,
  row: Row,
  shard: string,
  events: readonly PlacedEvent[],
  progress: ReadonlyMap<string, ShardPosition>,
): boolean {
  const done = progress.get(shard);
  const mark = row.marks.find(m => m.shard === shard);
  let changed = false;
  for (const placed of events) {
    if (done !== undefined && compareInShard(placed, done) <= 0) continue;
    if (mark !== undefined && compareInShard(placed, mark) <= 0) continue;
    kernel.update(row.state, placed.event);
    changed = true;
  }
  if (!changed) return false;
  const { sequence, index } = events.at(-1) as PlacedEvent;
  const open = (m: Position): boolean => {
    const passed = progress.get(m.shard);
    return m.shard !== shard && (passed === undefined || compareInShard(m, passed) > 0);
  };
  row.marks = [...row.marks.filter(open), { shard, sequence, index }];
  return true;
}

/** The end of the longest beginning of the batch in which nothing failed; null where that is empty. */
function lastSettled(
  records: Parameters<Transform>[0]['records'],
  failed: ReadonlySet<number | bigint>,
): ShardPosition | null {
  let through: ShardPosition | null = null;
  for (const { sequence } of records) {
    if (failed.has(sequence)) break;
    through = { sequence, index: lastIndex };
  }
  return through;
}

/** Past every event of a packed record. */
const lastIndex = 2 ** 31;

function counts(
  events: readonly PlacedEvent[],
  rejected: readonly QuarantinedEvent[],
  skipped: number,
  failed: ReadonlySet<number | bigint>,
): TransformCounts {
  const late = rejected.filter(r => r.reason === 'late' || r.reason === 'future').length;
  const unsettled = events.filter(e => failed.has(e.sequence)).length;
  return {
    accepted: events.length - unsettled,
    skipped,
    late,
    bad: rejected.length - late,
    failed: unsettled,
  };
}

function lateness(event: StreamEvent, kernels: readonly GroupKernel[]): string {
  const hours = ((event.arrivalTime - event.time) / 3_600_000).toFixed(1);
  const names = kernels.map(k => k.group.name).join(', ');
  return `arrived ${hours} hours after its time: no window of ${names || 'any group'} can see it`;
}
