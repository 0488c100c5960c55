import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import type { Arrival } from '../../features/feed/generator/index.ts';
import type { Call, Fault } from '../adapters/dynamodb/faulty-proxy.ts';
import type { AskMillrace } from './command-line.ts';
import type { DeployedPoller } from './deployed-poller.ts';
import { feedEvents, requestsOf } from './events.ts';
import { breakRow } from './faulty-row.ts';
import { settingsOf } from './mapping-settings.ts';
import { untilProcessed, type World } from './world.ts';

export interface FailureOptions {
  readonly millrace: AskMillrace;
  readonly poller: DeployedPoller;
  /** What happens to requests of the deployed functions to DynamoDB. */
  readonly dynamoFaults: { faultOf: (call: Call) => Fault | null };
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** Makes something fail; says what came of it in words. Throws where it came to something else. */
export type Failure = (world: World, options: FailureOptions) => Promise<string>;

/** What is tried, in this order. Whether values are right is compared after all of it. */
export const failures: Readonly<Record<string, Failure>> = {
  'a throttled row': async (world, options) => {
    const { poller, dynamoFaults } = options;
    const before = poller.attempts.length;
    const reported = () =>
      poller.attempts.slice(before).filter(a => a.outcome === 'failures reported').length;
    const table = world.deployment.active.tables['item_popularity@1'];
    let throttled = 0;
    // A hot row's: the store tries each row long before it gives it up.
    let row: string | null = null;
    dynamoFaults.faultOf = ({ operation, body }) => {
      if (reported() > 0 || operation !== 'PutItem' || body.TableName !== table) return null;
      row ??= body.Item.k.S;
      if (row !== body.Item.k.S) return null;
      throttled++;
      return 'throttle';
    };
    await processSome(world, options);
    expect(reported() > 0, 'the function reports failures while a row is throttled');
    expect(poller.givenUp.length === 0, 'nothing is given up');
    return `${throttled} writes throttled, ${reported()} batches reported failures and came again`;
  },

  'writes whose answers are lost': async (world, options) => {
    let writes = 0;
    let lost = 0;
    options.dynamoFaults.faultOf = ({ operation }) => {
      if (operation !== 'PutItem' || writes++ % 7 !== 0) return null;
      lost++;
      return 'lose';
    };
    await processSome(world, options);
    expect(lost > 0, 'some answers are lost');
    return `${lost} of ${writes} writes took effect unheard`;
  },

  'invocations whose answers are lost': async (world, options) => {
    const { poller } = options;
    let lost = 0;
    poller.faults = { isLost: () => lost < 3 && ++lost > 0 };
    await processSome(world, options);
    // All is processed by batches whose answers were lost; they are given again all the same.
    while (lost < 3) await pause(options.signal);
    return 'three batches done, and given again in halves';
  },

  'a record that ends the function': async (world, options) => {
    const { poller } = options;
    let poison: bigint | null = null;
    let alone = 0;
    poller.faults = {
      dies(records) {
        if (records.length > 2) poison ??= records.at(1)!.sequence;
        if (alone === 2 || !records.some(r => r.sequence === poison)) return false;
        if (records.length === 1) alone++;
        return true;
      },
    };
    const before = poller.attempts.length;
    await processSome(world, options);
    expect(alone === 2, 'the batch is halved until the record comes alone');
    const sizes = poller.attempts.slice(before).filter(a => a.outcome === 'error');
    return `found by batches of ${sizes.map(a => a.records).join(', ')}; the others were not held up`;
  },

  'bad records in the stream': async (world, { signal }) => {
    const setAside = async () => (await world.quarantine.list({ limit: Number.MAX_SAFE_INTEGER })).length;
    const before = await setAside();
    const texts = ['{"event_id":', 'plain text', '[1,2]', '', '{"user":"u1"}', '\u0000'];
    const bad = [...texts.map(text => Buffer.from(text)), Buffer.of(0x22, 0xff, 0x22)];
    const Records = bad.map((data, i) => ({
      PartitionKey: `bad-${i}`,
      Data: data.length ? data : Buffer.from(' '),
    }));
    await world.kinesis.send(new PutRecordsCommand({ StreamName: world.deployment.streamName, Records }));
    await untilProcessed(world, { limitMs: 60_000, signal });
    const added = (await setAside()) - before;
    expect(added === bad.length, `${bad.length} events are quarantined in S3, not ${added}`);
    return `all ${added} are in S3, and nothing waited for them`;
  },

  'a row that cannot be read': async (world, options) => {
    const table = 'item_popularity@1';
    const arrivals = someEvents(options);
    const items = [
      ...new Set(arrivals.filter(({ kind }) => kind === 'fresh').map(({ event }) => event.item)),
    ];
    const rows = await world.store.read(table, items);
    const item = items.find((_, i) => rows[i] !== null);
    if (item === undefined) throw new Error('none of the items that were shown now has a row');
    const repair = await breakRow(world, options.millrace, table, item);
    await processSome(world, options, arrivals);
    const waiting = () => world.unapplied.list({ table, limit: 100_000 });
    const listed = await options.millrace('unapplied', 'list', '--table', table, '--env', 'local');
    const { counts } = listed as { readonly counts: { readonly corrupt?: number } };
    expect(
      (counts.corrupt ?? 0) > 0 && counts.corrupt === (await waiting()).length,
      'events for the row are set aside as unapplied, and listed',
    );
    // Attempts of two shards may have set the same row's events aside, and one of them lost: its entries say nothing.
    const { applied } = await repair();
    expect(applied > 0 && (await waiting()).length === 0, `none waits after a redrive of ${applied}`);
    return `${applied} events for it waited in S3, and were redriven when its bytes were back`;
  },

  'records older than the mapping retries': async (world, options) => {
    const { poller, signal } = options;
    const { maxAgeMs, destination } = settingsOf(world.deployment.mapping);
    expect(maxAgeMs !== null && destination !== null, 'the mapping has a greatest age and a destination');
    const inStream = async () => [...(await world.records()).values()].flat().length;
    const before = await inStream();
    poller.faults = { later: maxAgeMs! };
    const [request] = requestsOf(someEvents(options), 20);
    await world.http.send(request!.body);
    const sent = (await inStream()) - before;
    // All of them: progress does not pass a shard's last record when that is given up.
    while (poller.givenUp.flatMap(({ records }) => records).length < sent) await pause(signal);
    poller.faults = {};
    const again = (await Promise.all(poller.objects.map(key => givenUpRecords(world, key)))).flat();
    const StreamName = world.deployment.streamName;
    await world.kinesis.send(new PutRecordsCommand({ StreamName, Records: again }));
    await untilProcessed(world, { limitMs: 60_000, signal });
    return `${again.length} records went to the mapping's destination, and from there back to the stream`;
  },
};

/** Runs one and takes what it made fail back. */
export async function runFailure(failure: Failure, world: World, options: FailureOptions): Promise<string> {
  try {
    return await failure(world, options);
  } finally {
    options.poller.faults = {};
    options.dynamoFaults.faultOf = () => null;
  }
}

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(`expected: ${what}`);
}

async function pause(signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise(resolve => setTimeout(resolve, 100));
}

const someEvents = ({ seed }: FailureOptions): readonly Arrival[] =>
  feedEvents({ events: 1_000, seed, until: Date.now() }).slice(-200);

/** Sends some events in small requests, so that they become several records, and waits until they are processed. */
async function processSome(
  world: World,
  options: FailureOptions,
  arrivals: readonly Arrival[] = someEvents(options),
): Promise<void> {
  for (const { body } of requestsOf(arrivals, 20)) await world.http.send(body);
  await untilProcessed(world, { limitMs: 120_000, signal: options.signal });
}

/** The records in what Lambda puts to a destination in S3. */
async function givenUpRecords({ s3, deployment: { bucket } }: World, Key: string) {
  const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
  const { payload } = JSON.parse(await object.Body!.transformToString());
  const { Records } = JSON.parse(payload) as {
    Records: { kinesis: { partitionKey: string; data: string } }[];
  };
  return Records.map(({ kinesis }) => ({
    PartitionKey: kinesis.partitionKey,
    Data: Buffer.from(kinesis.data, 'base64'),
  }));
}
