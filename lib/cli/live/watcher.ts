import type { FoundStream, Served } from '../../local/index.ts';
import type { ServiceStatus, StreamStatus } from '../../service/service.ts';
import type { LiveExample } from './example.ts';

/** How the service stands at one moment. */
export interface Snapshot {
  readonly url: string;
  readonly found: FoundStream;
  /** Epoch ms. */
  readonly startedAt: number;
  /** Since the service was started. */
  readonly seconds: number;
  /** Events a second of late. */
  readonly rates: { readonly received: number; readonly processed: number };
  readonly stream: StreamStatus;
  readonly quarantined: ServiceStatus['quarantined'];
  readonly entities: readonly LiveEntity[];
}

export interface LiveEntity {
  readonly key: Readonly<Record<string, string>>;
  readonly status: 'known' | 'unknown' | 'failed';
  /** By feature, of the columns. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** Looks at a service: each call reads the example's entities and the counts. Rejects where they cannot be read. */
export function createWatcher(
  { service, entities, columns }: LiveExample,
  { url, found, local, status }: Served,
): () => Promise<Snapshot> {
  const startedAt = Date.now();
  const started = performance.now();
  let before: readonly Moment[] = [];

  async function readEntities(): Promise<LiveEntity[]> {
    const answer = await local.readService(service, entities, { context: {} });
    return answer.entities.map(({ status, values }, i) => ({
      key: entities[i]!,
      status,
      values: Object.fromEntries(columns.map(({ feature }) => [feature, values[feature] ?? null])),
    }));
  }

  return async () => {
    const read = await readEntities();
    const { streams, quarantined } = await status();
    const [stream] = streams as [StreamStatus];
    const seconds = (performance.now() - started) / 1000;
    const now = { seconds, received: sum(stream.received), processed: sum(stream.processed) };
    before = [...before.filter(moment => seconds - moment.seconds < rateSeconds), now];
    const [first] = before as [Moment];
    const past = first === now ? { seconds: 0, received: 0, processed: 0 } : first;
    const rateOf = (count: 'received' | 'processed') =>
      Math.round((now[count] - past[count]) / Math.max(seconds - past.seconds, 0.001));
    return {
      url,
      found: found[0]!,
      startedAt,
      seconds,
      rates: { received: rateOf('received'), processed: rateOf('processed') },
      stream,
      quarantined,
      entities: read,
    };
  };
}

/** Rates are those of the last seconds: of one, they would jump with every batch. */
const rateSeconds = 3;

interface Moment {
  readonly seconds: number;
  readonly received: number;
  readonly processed: number;
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((a, b) => a + b, 0);
