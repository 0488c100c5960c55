import { connect } from './connection.ts';
import { createDelivery } from './delivery.ts';
import { ClientClosedError, ClientOptionsError, UnacknowledgedEventsError } from './errors.ts';
import { createLineWriter, type EventLine } from './event-lines.ts';
import { createLocalReader, createRemoteReader, type FeatureRead } from './features.ts';
import { NotJsonError } from './json.ts';
import type { EventOutcome } from './outcome.ts';
import { deadlineIn } from './retry.ts';
import { createSender, type Sender, type SenderLimits } from './sender.ts';
import type { ClientTarget } from './target.ts';
import type { AnyDefinitions, Client, ReadOptions } from './types.ts';

export interface ClientOptions extends Partial<SenderLimits> {
  /** Of a read that names no deadline of its own, in ms. */
  readonly readDeadlineMs?: number;
  /** Bodies of more bytes are packed with gzip, over HTTP; Infinity for none. */
  readonly gzipBytes?: number;
}

/**
 * A client of a service, typed by its definitions.
 *
 * ```ts
 * const client = createClient(definitions, { url: 'http://127.0.0.1:4600' });
 * await client.send('purchases', { line: 1, ts: new Date(), … });
 * const { values } = await client.read('ranking', { user: 'ann', item: 'mug' }, { context: { price: 2.5 } });
 * ```
 *
 * Throws ClientOptionsError.
 */
export function createClient<const D extends AnyDefinitions>(
  definitions: D,
  target: ClientTarget,
  given: ClientOptions = {},
): Client<D> {
  const options = { ...defaults, ...given };
  checkOptions(options);
  const { plan } = definitions;
  const connection = connect(target);
  const readFeatures =
    'url' in target ? createRemoteReader(plan, connection) : createLocalReader(target.service);
  const streams = new Map(
    plan.streams.map(stream => {
      const deliver = createDelivery({ stream: stream.name, connection, gzipBytes: options.gzipBytes });
      const sender = createSender({ limits: options, service: connection.service, deliver });
      return [stream.name, { writeLine: createLineWriter(stream), sender }] as const;
    }),
  );
  let closed = false;
  const checkOpen = () => {
    if (closed) throw new ClientClosedError('the client was closed: make another with createClient');
  };

  async function send(stream: string, given: object | readonly object[]) {
    checkOpen();
    const found = streams.get(stream);
    if (found === undefined) {
      const known = [...streams.keys()].join(', ');
      throw new ClientOptionsError(`there is no stream ${stream} in the definitions; there is ${known}`);
    }
    const outcomes = await outcomesOf(found, Array.isArray(given) ? given : [given]);
    if (outcomes.some(outcome => outcome.status === 'unacknowledged'))
      throw new UnacknowledgedEventsError(stream, outcomes);
    return outcomes;
  }

  async function read(
    request: Pick<FeatureRead, 'kind' | 'name' | 'shared'>,
    keys: object | readonly object[],
    { deadlineMs, ...more }: ReadOptions = {},
  ) {
    checkOpen();
    const entities = (Array.isArray(keys) ? keys : [keys]) as FeatureRead['entities'];
    // A ranking may be left without candidates; the service would take that for a mistake.
    if (entities.length === 0) return { asOf: more.asOf ?? Date.now(), entities };
    const answer = await readFeatures(
      // A tenth is left for the answer's way: rows that come too late fail alone, and the others are seen.
      {
        ...request,
        ...more,
        entities,
        ...(deadlineMs === undefined ? {} : { deadlineMs: deadlineMs * 0.9 }),
      },
      deadlineIn(deadlineMs ?? options.readDeadlineMs),
    );
    if (Array.isArray(keys)) return answer;
    return { asOf: answer.asOf, ...answer.entities[0] };
  }

  async function flush() {
    await Promise.all([...streams.values()].map(({ sender }) => sender.flush()));
  }

  const client = {
    send,
    read: (name: string, keys: object, options?: ReadOptions) =>
      read({ kind: 'service', name }, keys, options),
    rank: (
      name: string,
      shared: FeatureRead['shared'] & {},
      entities: readonly object[],
      options?: ReadOptions,
    ) => read({ kind: 'service', name, shared }, entities, options),
    readGroup: (name: string, keys: object, options?: ReadOptions) =>
      read({ kind: 'group', name }, keys, options),
    flush,
    async close() {
      closed = true;
      await flush();
    },
  };
  // What it takes and gives is for the compiler to know: at run time there are names and plain values.
  return client as unknown as Client<D>;
}

const defaults = {
  batchEvents: 1_000,
  batchBytes: 1 << 20,
  lingerMs: 5,
  requestsInFlight: 4,
  bufferBytes: 64 << 20,
  sendDeadlineMs: 60_000,
  readDeadlineMs: 2_000,
  gzipBytes: 16 << 10,
} satisfies ClientOptions;

function checkOptions(options: typeof defaults): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(defaults, name))
      throw new ClientOptionsError(
        `there is no option ${name}; there are ${Object.keys(defaults).join(', ')}`,
      );
    const least = name === 'lingerMs' || name === 'gzipBytes' ? 0 : 1;
    if (typeof value !== 'number' || !(value >= least))
      throw new ClientOptionsError(`option ${name} is ${value}: give a number from ${least}`);
  }
}

/** Outcomes of events in their order; what is no JSON is rejected here. */
async function outcomesOf(
  { writeLine, sender }: { readonly writeLine: (event: object) => EventLine; readonly sender: Sender },
  events: readonly object[],
): Promise<readonly EventOutcome[]> {
  const written = events.map(event => {
    try {
      return writeLine(event);
    } catch (error) {
      if (!(error instanceof NotJsonError)) throw error;
      return { status: 'rejected', reason: 'not-json', message: error.message } as const;
    }
  });
  const sent = await sender.send(written.filter((one): one is EventLine => !('status' in one)));
  let next = 0;
  return written.map(one => ('status' in one ? one : sent[next++]!));
}
