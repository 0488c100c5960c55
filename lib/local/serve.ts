import type { AddressInfo } from 'node:net';
import { systemClock } from '../adapters/clock.ts';
import { countingWrites } from '../runtime/counting-writes.ts';
import { MillraceError } from '../runtime/errors.ts';
import type { StateStore, WriteOutcome } from '../runtime/ports.ts';
import { redrive } from '../runtime/redrive.ts';
import { createEventWriter } from '../service/event-writer.ts';
import { defaultLimits, type ServiceLimits } from '../service/limits.ts';
import { createMetrics, observeBatch } from '../service/metrics.ts';
import { startProcessor } from '../service/processor.ts';
import { createServer } from '../service/server.ts';
import { type ServedStream, type Service, type ServiceStatus, statusOf } from '../service/service.ts';
import { givingTurns } from '../service/turns.ts';
import { type LiveStream, type Local, type LocalOptions, openLocal } from './open-local.ts';

export interface ServeOptions extends LocalOptions {
  /** 0 for any that is free. */
  readonly port: number;
  /** The address to listen at; 127.0.0.1 unless it is given, which only this machine can reach. */
  readonly host?: string;
  /** How long the first event of a batch waits for more. */
  readonly windowMs?: number;
  /** Events that end a window early. */
  readonly batchRecords?: number;
  readonly limits?: Partial<ServiceLimits>;
  /** Told of errors that no request is to blame for. */
  readonly onError?: (error: unknown) => void;
}

/** A running service. */
export interface Served {
  /** `http://127.0.0.1:4600` */
  readonly url: string;
  readonly local: Local;
  /** Answers a POST as the server does, without a connection: for clients in this process. */
  request(request: PostedRequest): Promise<PostedReply>;
  /** What the streams of the data directory held when it was opened. */
  readonly found: readonly FoundStream[];
  status(): Promise<ServiceStatus>;
  /** Records of all streams that are durable and not processed yet. */
  behind(): number;
  /** Takes no more, finishes what was taken, processes it, and gives the data directory free. May be called again. */
  stop(): Promise<void>;
}

export interface PostedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface PostedReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

export interface FoundStream {
  readonly stream: string;
  /** Events that it has taken since it was made. */
  readonly events: number;
  /** Arrival (epoch ms) of the last of them; null before the first. */
  readonly latestArrival: number | null;
  /** Records that were left to be processed. */
  readonly behind: number;
}

/**
 * Ingests, transforms and serves in this process: events that HTTP requests bring go to the durable log, a loop of its
 * own brings them into the rows, and reads are answered from the rows at any time.
 *
 * Rejects as openLocal does, with TimelineError for replayed directories, and where the port is taken.
 */
export async function serve(options: ServeOptions): Promise<Served> {
  const { port, host = '127.0.0.1', onError = () => {}, wrapStore = (store: StateStore) => store } = options;
  const limits = { ...defaultLimits, ...options.limits };
  let opened: Local | null = null;
  const metrics = createMetrics(
    { count: async () => (await opened?.quarantine.count()) ?? new Map() },
    { count: async () => (await opened?.unapplied.count()) ?? new Map() },
  );
  const countRows = (table: string, outcome: WriteOutcome, rows: number) =>
    metrics.rows.inc({ table, outcome }, rows);
  const isUsual = options.wrapStore === undefined && options.clock === undefined;
  const local = await openLocal({
    ...options,
    wrapStore: store => givingTurns(countingWrites(wrapStore(store), countRows)),
    // It would see neither another store nor another clock.
    ...(isUsual ? { secondThread: { onEnd: onError, ...options.secondThread, onWrites: countRows } } : {}),
  });
  opened = local;

  let stopping = false;
  const streams = new Map<string, ServedStream>();
  const closeStreams = async () => {
    const ends = await Promise.allSettled([...streams.values()].map(({ processor }) => processor.stop()));
    await local.close();
    const failed = ends.find(end => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  };
  try {
    const live = await local.goLive();
    for (const one of live) streams.set(one.stream.name, await startStream(one, options, metrics, onError));
    const found = live.map(({ stream: { name }, log }) => ({
      stream: name,
      events: log.shards.reduce((sum, shard) => sum + log.latestSequence(shard), 0),
      latestArrival: log.latestArrival() || null,
      behind: streams.get(name)!.processor.behind(),
    }));
    const logs = new Map(live.map(one => [one.stream.name, one]));
    let redriving: Promise<unknown> = Promise.resolve();
    const service: Service = {
      plan: local.plan,
      streams,
      reader: local,
      quarantine: local.quarantine,
      unapplied: local.unapplied,
      redriveUnapplied: local.redriveUnapplied,
      metrics,
      limits,
      stopping: () => stopping,
      redrive(stream, which) {
        const { log, stream: plan } = logs.get(stream)!;
        // One after the other: two at once would put an event in twice.
        const one = redriving.then(() =>
          redrive({ ...which, stream: plan, log, quarantine: local.quarantine }),
        );
        redriving = one.catch(() => {});
        return one.finally(() => streams.get(stream)!.processor.wake());
      },
    };
    const server = createServer({ service, onError });
    await listen(server, port, host);
    const retain = () => local.retain().catch(onError);
    const retention = setInterval(retain, retentionInterval);
    // A service that is never up for as long as the interval has to forget as well.
    await retain();
    let stopped: Promise<void> | null = null;

    const stop = async () => {
      stopping = true;
      clearInterval(retention);
      const cut = setTimeout(() => server.server.closeAllConnections(), limits.stopMs);
      await server.close();
      clearTimeout(cut);
      await redriving;
      await closeStreams();
    };
    const { address, port: bound } = server.server.address() as AddressInfo;
    return {
      url: `http://${address.includes(':') ? `[${address}]` : address}:${bound}`,
      local,
      async request({ path, headers, body: payload }) {
        const reply = await server.inject({ method: 'POST', url: path, headers, payload });
        return { status: reply.statusCode, headers: reply.headers, body: reply.payload };
      },
      found,
      status: () => statusOf(service),
      behind: () => [...streams.values()].reduce((sum, { processor }) => sum + processor.behind(), 0),
      stop: () => (stopped ??= stop()),
    };
  } catch (error) {
    await closeStreams().catch(() => {});
    throw error;
  }
}

/** The service cannot listen where it was told to. */
export class ListenError extends MillraceError {
  override readonly name = 'ListenError';
}

async function listen(server: ReturnType<typeof createServer>, port: number, host: string): Promise<void> {
  try {
    await server.listen({ port, host });
  } catch (cause) {
    const { code, message } = cause as { readonly code?: string; readonly message: string };
    const problem =
      code === 'EADDRINUSE' ? 'is in use: choose another with --port' : `cannot be used: ${message}`;
    throw new ListenError(`port ${port} of ${host} ${problem}`, { cause });
  }
}

async function startStream(
  live: LiveStream,
  options: ServeOptions,
  metrics: ReturnType<typeof createMetrics>,
  onError: (error: unknown) => void,
): Promise<ServedStream> {
  const { stream, log, store, transform } = live;
  const { clock = systemClock, windowMs = defaultWindow, batchRecords = defaultBatch } = options;
  let recent: number[] = [];
  const processor = await startProcessor({
    stream: stream.name,
    log,
    store,
    transform,
    windowMs,
    batchRecords,
    onError,
    observe(batch) {
      recent = [...recent, ...observeBatch(metrics, stream.name, batch, clock.now())].slice(-recentArrivals);
    },
  });
  const writer = createEventWriter(log, processor.wake);
  return { stream, writer, processor, recentFreshness: () => recent };
}

const defaultWindow = 200;
const defaultBatch = 10_000;
const recentArrivals = 1_000;
const retentionInterval = 600_000;
