import type { StreamPlan } from '../kernel/plan.ts';
import { partitionKeyOf } from './partition-key.ts';
import type { EventLog, LogAppend, Quarantine, QuarantineReason } from './ports.ts';

/** Which quarantined events of a stream: those of these ids, else all, or all of a reason. */
export interface RedriveChoice {
  readonly stream: StreamPlan;
  readonly quarantine: Quarantine;
  readonly ids?: readonly string[];
  readonly reason?: QuarantineReason;
}

export interface RedriveOptions extends RedriveChoice {
  readonly log: EventLog;
  /** When they arrive anew, where that is not now: a replayed stream's clock stands still between its events. */
  readonly arrivalTime?: number;
}

/**
 * Puts quarantined events of a stream into it anew, with a new arrival and a new position, and takes them out of
 * quarantine; says how many. What is still wrong with them puts them back there when they are processed.
 *
 * Each goes in once, wherever it is interrupted: which events an append stands for is stored with it, and the next
 * redrive begins by taking these out.
 */
export async function redrive(options: RedriveOptions): Promise<number> {
  const { log, quarantine, arrivalTime } = options;
  const begun = await log.readCheckpoint(checkpointId);
  if (begun !== null) await quarantine.remove(JSON.parse(begun));

  let count = 0;
  for await (const events of chosenBatches(options)) {
    const ids = events.map(event => event.id);
    await log.append(
      events.map(({ append }) => ({ ...append, ...(arrivalTime === undefined ? {} : { arrivalTime }) })),
      { checkpoint: { source: checkpointId, state: JSON.stringify(ids) } },
    );
    await quarantine.remove(ids);
    count += ids.length;
  }
  return count;
}

export interface RemoteRedriveOptions extends RedriveChoice {
  /** Puts events to the stream; for each, in order, whether it is stored. */
  readonly send: (events: readonly LogAppend[]) => Promise<readonly boolean[]>;
}

/**
 * The same for a stream that cannot store which events an append stands for, as Kinesis. What is not stored stays in
 * quarantine. Where it is interrupted between the two, events are in the stream and in quarantine as well, and the next
 * redrive sends them a second time: they count once where the stream declares an event id.
 */
export async function redriveRemotely({ send, ...choice }: RemoteRedriveOptions) {
  const done = { redriven: 0, failed: 0 };
  for await (const events of chosenBatches(choice)) {
    const stored = await send(events.map(event => event.append));
    const ids = events.filter((_, i) => stored[i] === true).map(event => event.id);
    await choice.quarantine.remove(ids);
    done.redriven += ids.length;
    done.failed += events.length - ids.length;
  }
  return done;
}

async function* chosenBatches({ stream, quarantine, ids, reason }: RedriveChoice) {
  const keyOf = partitionKeyOf(stream);
  // Fixed before the first append: events that come back to quarantine meanwhile are not for this redrive.
  const chosen = ids === undefined ? await idsOf(quarantine, stream.name, reason) : [...new Set(ids)];
  for (let from = 0; from < chosen.length; from += batchEvents) {
    const found = await Promise.all(chosen.slice(from, from + batchEvents).map(id => quarantine.get(id)));
    const events = found
      .filter(event => event !== null)
      .filter(event => event.stream === stream.name && (reason === undefined || event.reason === reason))
      .map(({ id, payload }) => {
        const append: LogAppend = { partitionKey: keyOf(parseObject(payload)), data: payload };
        return { id, append };
      });
    if (events.length > 0) yield events;
  }
}

const batchEvents = 1_000;
const checkpointId = 'redrive';

async function idsOf(
  quarantine: Quarantine,
  stream: string,
  reason: QuarantineReason | undefined,
): Promise<readonly string[]> {
  const limit = Number.MAX_SAFE_INTEGER;
  const events = await quarantine.list({ stream, limit, ...(reason === undefined ? {} : { reason }) });
  return events.map(event => event.id);
}

function parseObject(payload: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
