import type { StreamPlan } from '../kernel/plan.ts';
import { partitionKeyOf } from './partition-key.ts';
import type { EventLog, Quarantine, QuarantineReason } from './ports.ts';

export interface RedriveOptions {
  readonly stream: StreamPlan;
  readonly log: EventLog;
  readonly quarantine: Quarantine;
  /** Only these events; else all, or all of a reason. */
  readonly ids?: readonly string[];
  readonly reason?: QuarantineReason;
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
  const { stream, log, quarantine, ids, reason, arrivalTime } = options;
  const begun = await log.readCheckpoint(checkpointId);
  if (begun !== null) await quarantine.remove(JSON.parse(begun));

  const keyOf = partitionKeyOf(stream);
  // Fixed before the first append: events that come back to quarantine meanwhile are not for this redrive.
  const chosen = ids === undefined ? await idsOf(quarantine, stream.name, reason) : [...new Set(ids)];
  let count = 0;
  for (let from = 0; from < chosen.length; from += batchEvents) {
    const found = await Promise.all(chosen.slice(from, from + batchEvents).map(id => quarantine.get(id)));
    const events = found.filter(
      event =>
        event !== null && event.stream === stream.name && (reason === undefined || event.reason === reason),
    );
    if (events.length === 0) continue;
    const batch = events.map(event => event!.id);
    await log.append(
      events.map(event => ({
        partitionKey: keyOf(parseObject(event!.payload)),
        data: event!.payload,
        ...(arrivalTime === undefined ? {} : { arrivalTime }),
      })),
      { checkpoint: { source: checkpointId, state: JSON.stringify(batch) } },
    );
    await quarantine.remove(batch);
    count += batch.length;
  }
  return count;
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
