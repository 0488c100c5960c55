import type { Plan, StreamPlan } from '../kernel/plan.ts';
import { MillraceError } from '../runtime/errors.ts';
import type { Quarantine, QuarantineReason, UnappliedReason, UnappliedStore } from '../runtime/ports.ts';
import type { Reader } from '../runtime/read.ts';
import type { RedriveUnappliedReport } from '../runtime/redrive-unapplied.ts';
import type { EventWriter } from './event-writer.ts';
import type { ServiceLimits } from './limits.ts';
import type { Metrics } from './metrics.ts';
import type { Processor } from './processor.ts';

/** What the HTTP server serves. */
export interface Service {
  readonly plan: Plan;
  readonly streams: ReadonlyMap<string, ServedStream>;
  readonly reader: Pick<Reader, 'find' | 'clock'>;
  readonly quarantine: Pick<Quarantine, 'count'>;
  /** Puts quarantined events of a stream into it anew; says how many. */
  redrive(
    stream: string,
    which: { readonly ids?: readonly string[]; readonly reason?: QuarantineReason },
  ): Promise<number>;
  readonly unapplied: Pick<UnappliedStore, 'count'>;
  /** Folds unapplied events into the rows that lack them. */
  redriveUnapplied(which: RowChoice): Promise<RedriveUnappliedReport>;
  readonly metrics: Metrics;
  readonly limits: ServiceLimits;
  /** True from the moment it is to stop. */
  stopping(): boolean;
}

/** All rows, those of a table, or one; `startAnew` gives up what unreadable ones held. */
export interface RowChoice {
  readonly table?: string;
  readonly key?: string;
  readonly startAnew?: boolean;
}

export interface ServedStream {
  readonly stream: StreamPlan;
  readonly writer: EventWriter;
  readonly processor: Processor;
  /** Ages (ms) at which the latest arrivals became readable, in no promised order. */
  recentFreshness(): readonly number[];
}

/** How the service stands, as `GET /v1/status` answers. */
export interface ServiceStatus {
  readonly ready: boolean;
  /** Hash of the Plan. */
  readonly plan: string;
  readonly streams: readonly StreamStatus[];
  readonly quarantined: Readonly<Partial<Record<QuarantineReason, number>>>;
  /** Events that rows lack, by reason. */
  readonly unapplied: Readonly<Partial<Record<UnappliedReason, number>>>;
}

export interface StreamStatus {
  readonly stream: string;
  /** Since the service was started. */
  readonly received: Counts<'accepted' | 'rejected'>;
  readonly processed: Counts<'counted' | 'skipped' | 'late' | 'bad'>;
  /** Records in the log that are not processed yet. */
  readonly behind: number;
  /** ms from arrival to readable, of the latest arrivals; null before the first. */
  readonly freshness: { readonly p50: number; readonly p99: number } | null;
  /** Why the last batch could not be processed, or events could not be taken just now; null where all goes well. */
  readonly error: string | null;
}

type Counts<Outcome extends string> = Readonly<Record<Outcome, number>>;

export async function statusOf(service: Service): Promise<ServiceStatus> {
  const { plan, streams, quarantine, unapplied, metrics } = service;
  const received = (await metrics.received.get()).values;
  const processed = (await metrics.processed.get()).values;
  return {
    ready: isReady(service),
    plan: plan.hash,
    streams: [...streams.values()].map(
      ({ stream: { name: stream }, writer, processor, recentFreshness }) => ({
        stream,
        received: pick(received, stream, ['accepted', 'rejected']),
        processed: pick(processed, stream, ['counted', 'skipped', 'late', 'bad']),
        behind: processor.behind(),
        freshness: quantiles(recentFreshness()),
        error: describe(processor.error() ?? writer.error()),
      }),
    ),
    quarantined: Object.fromEntries(await quarantine.count()),
    unapplied: Object.fromEntries(await unapplied.count()),
  };
}

/** Whether events are taken and processed. */
export function isReady({ streams, limits, stopping }: Service): boolean {
  if (stopping()) return false;
  for (const { writer, processor } of streams.values()) {
    if (writer.error() !== null || processor.error() !== null) return false;
    if (processor.behind() >= limits.eventsBehind) return false;
  }
  return true;
}

/** Errors of other kinds may tell of files and memory; those are for the log. */
const describe = (error: Error | null): string | null =>
  error === null
    ? null
    : error instanceof MillraceError
      ? error.message
      : 'unexpected: see the service’s log';

function pick<Outcome extends string>(
  values: readonly { readonly value: number; readonly labels: Partial<Record<string, string | number>> }[],
  stream: string,
  outcomes: readonly Outcome[],
): Record<Outcome, number> {
  const countOf = (outcome: Outcome) =>
    values.find(({ labels }) => labels.stream === stream && labels.outcome === outcome)?.value ?? 0;
  return Object.fromEntries(outcomes.map(outcome => [outcome, countOf(outcome)])) as Record<Outcome, number>;
}

function quantiles(ages: readonly number[]): StreamStatus['freshness'] {
  if (ages.length === 0) return null;
  const sorted = Float64Array.from(ages).sort();
  const at = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
  return { p50: at(0.5), p99: at(0.99) };
}
