import type { MappingSettings } from './mapping-settings.ts';

/** A record of a shard, as far as polling looks at it. */
export interface PolledRecord {
  readonly sequence: string;
  readonly arrivalTime: number;
  /** As it goes to the function. */
  readonly bytes: number;
}

/** What became of an invocation. `throttled`: the function was not reached, so nothing was attempted. */
export type Invocation =
  | { readonly kind: 'answered'; readonly response: unknown }
  | { readonly kind: 'error'; readonly message: string }
  | { readonly kind: 'throttled' };

/** Records that are given up, and why; they go to the mapping's failure destination. */
export interface GivenUp<Record extends PolledRecord> {
  readonly condition: 'RetryAttemptsExhausted' | 'RecordAgeExceeded';
  readonly records: readonly Record[];
  readonly attempts: number;
}

export interface PollerOptions<Record extends PolledRecord> {
  readonly settings: MappingSettings;
  /** Up to `limit` records of the shard behind `after`, from the oldest where that is null; none: none for now. */
  read(after: string | null, limit: number): Promise<readonly Record[]>;
  invoke(records: readonly Record[]): Promise<Invocation>;
  giveUp(what: GivenUp<Record>): Promise<void>;
  now(): number;
  /** Between two attempts, and while a batch waits to be fuller. */
  wait(ms: number): Promise<void>;
  /** Ends polling where no record came for now; without it polling goes on. */
  readonly untilDrained: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Polls one shard as Lambda documents it for event source mappings of Kinesis streams ("How Lambda processes records
 * from stream and queue-based event sources", "Configuring partial batch response with Kinesis"):
 *
 * - one batch of a shard at a time, in order; it is as large as the batch size, 6 MB, or what came within the window;
 * - an error gives the whole batch again, halved where the mapping bisects: to halve takes none of the retries;
 * - reported failures give again all from the lowest of them on. An answer that names none is a success, one that
 *   cannot be understood the failure of the whole batch;
 * - records older than the greatest age are given up, and such whose retries are used up: then the shard goes on;
 * - an invocation that never reached the function is tried again and takes no retry.
 *
 * What AWS leaves open is done so that less is retried: the retries of a part go on where those of its batch were.
 * Resolves to the last sequence number that is settled; null where there is none.
 */
export async function pollShard<Record extends PolledRecord>(
  options: PollerOptions<Record>,
  from: string | null = null,
): Promise<string | null> {
  let settled = from;
  while (options.signal?.aborted !== true) {
    const batch = await gather(options, settled);
    if (batch.length > 0) {
      await settle(options, batch);
      settled = batch.at(-1)!.sequence;
    } else if (options.untilDrained) {
      break;
    } else {
      await options.wait(idleMs);
    }
  }
  return settled;
}

const idleMs = 1_000;
/** What Lambda hands to a function at most, in base64. */
const payloadBytes = 6 * 1024 * 1024;

async function gather<Record extends PolledRecord>(
  { settings: { batchSize, batchingWindowMs }, read, now, wait, signal }: PollerOptions<Record>,
  after: string | null,
): Promise<readonly Record[]> {
  const batch: Record[] = [];
  let bytes = 0;
  let since: number | null = null;
  for (;;) {
    const came = await read(batch.at(-1)?.sequence ?? after, batchSize - batch.length);
    for (const record of came) {
      const more = Math.ceil(record.bytes / 3) * 4;
      if (batch.length > 0 && bytes + more > payloadBytes) return batch;
      batch.push(record);
      bytes += more;
    }
    if (batch.length === 0 || batch.length >= batchSize || signal?.aborted === true) return batch;
    since ??= now();
    const left = since + batchingWindowMs - now();
    if (left <= 0) return batch;
    await wait(Math.min(left, idleMs));
  }
}

/** Tries a batch until each of its records is done or given up. */
async function settle<Record extends PolledRecord>(
  options: PollerOptions<Record>,
  batch: readonly Record[],
): Promise<void> {
  const { settings, invoke, giveUp, now, wait, signal } = options;
  let parts: readonly Part<Record>[] = [{ records: batch, attempts: 0 }];
  for (let pauses = 0; parts.length > 0; ) {
    const [part, ...rest] = parts as [Part<Record>, ...Part<Record>[]];
    const { old, fresh } = byAge(part.records, settings.maxAgeMs, now());
    if (old.length > 0) {
      await giveUp({ condition: 'RecordAgeExceeded', records: old, attempts: part.attempts });
      parts = fresh.length === 0 ? rest : [{ ...part, records: fresh }, ...rest];
      continue;
    }
    if (part.attempts > (settings.retries ?? Number.POSITIVE_INFINITY)) {
      await giveUp({ condition: 'RetryAttemptsExhausted', ...part });
      parts = rest;
      continue;
    }
    const after = remains(part, await invoke(part.records), settings);
    parts = [...after, ...rest];
    if (after.length === 0) {
      pauses = 0;
    } else {
      if (signal?.aborted === true) throw signal.reason;
      await wait(Math.min(100 * 2 ** pauses++, 60_000));
    }
  }
}

interface Part<Record> {
  readonly records: readonly Record[];
  readonly attempts: number;
}

function byAge<Record extends PolledRecord>(records: readonly Record[], maxAge: number | null, now: number) {
  if (maxAge === null) return { old: [], fresh: records };
  const first = records.findIndex(({ arrivalTime }) => now - arrivalTime <= maxAge);
  const at = first < 0 ? records.length : first;
  return { old: records.slice(0, at), fresh: records.slice(at) };
}

/** What is to be tried again, in order; none where all is done. */
function remains<Record extends PolledRecord>(
  part: Part<Record>,
  outcome: Invocation,
  { bisects, reportsFailures }: MappingSettings,
): readonly Part<Record>[] {
  const { records, attempts } = part;
  if (outcome.kind === 'throttled') return [part];
  if (outcome.kind === 'answered') {
    const lowest = reportsFailures ? lowestFailure(records, outcome.response) : records.length;
    if (lowest === records.length) return [];
    return [{ records: records.slice(lowest), attempts: attempts + 1 }];
  }
  if (!bisects || records.length === 1) return [{ records, attempts: attempts + 1 }];
  const half = records.length >> 1;
  return [records.slice(0, half), records.slice(half)].map(some => ({ records: some, attempts }));
}

/** The place of the first record that failed; past the end where none did, 0 where the answer makes no sense. */
function lowestFailure(records: readonly PolledRecord[], response: unknown): number {
  if (response === null || response === undefined) return records.length;
  const { batchItemFailures = [] } = response as { batchItemFailures?: unknown };
  if (batchItemFailures === null) return records.length;
  if (!Array.isArray(batchItemFailures)) return 0;
  const places = batchItemFailures.map(failure => {
    const id: unknown = failure?.itemIdentifier;
    return records.findIndex(({ sequence }) => sequence === id);
  });
  // An identifier that is missing, empty or of no record of the batch fails all of it.
  return places.includes(-1) ? 0 : Math.min(records.length, ...places);
}
