import { randomUUID } from 'node:crypto';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { lambdaApi } from './deployment.ts';
import { settingsOf } from './mapping-settings.ts';
import { type GivenUp, type Invocation, type PolledRecord, pollShard } from './poller.ts';
import { jsonOf } from './signed-requests.ts';
import type { StreamRecord } from './stream-records.ts';
import type { World } from './world.ts';

/** Polls the deployed stream for the deployed function, in place of the deployed mapping and by its settings. */
export interface DeployedPoller {
  /** May be changed at any time. */
  faults: InvocationFaults;
  /** Every batch that was tried, as the number of its records, and what came of it. */
  readonly attempts: readonly { readonly records: number; readonly outcome: string }[];
  readonly givenUp: readonly GivenUp<PolledRecord>[];
  /** Where what was given up lies, in the bucket that the mapping names. */
  readonly objects: readonly string[];
  stop(): Promise<void>;
}

/** What goes wrong between Lambda and the function. Each is asked before an invocation. */
export interface InvocationFaults {
  /** The function ends before it begins: it ran out of memory, say. */
  readonly dies?: (records: readonly StreamRecord[]) => boolean;
  /** It does all of its work, and Lambda never hears of it: its time was up, say. */
  readonly isLost?: () => boolean;
  /** What the clock shows, later than it is (ms). */
  readonly later?: number;
}

/**
 * Disables the deployed mapping, and goes on behind the records that it has processed. The settings are those that Lambda
 * says the deployed mapping has; what is given up goes where it says, as Lambda's own record of it.
 */
export async function startPoller(
  world: World,
  from: ReadonlyMap<string, readonly StreamRecord[]>,
): Promise<DeployedPoller> {
  const { send, s3, deployment } = world;
  const { UUID, FunctionArn, EventSourceArn } = deployment.mapping;
  const settings = settingsOf(deployment.mapping);
  const path = `${lambdaApi}/event-source-mappings/${UUID}`;
  const body = '{"Enabled":false}';
  jsonOf(await send({ service: 'lambda', method: 'PUT', path, body }), 'disable the mapping');

  const attempts: { records: number; outcome: string }[] = [];
  const givenUp: GivenUp<PolledRecord>[] = [];
  const objects: string[] = [];
  const ended = new AbortController();
  const now = (): number => Date.now() + (self.faults.later ?? 0);

  async function invoke(shard: string, records: readonly Polled[]): Promise<Invocation> {
    const { dies, isLost } = self.faults;
    let outcome: Invocation;
    if (dies?.(records.map(r => r.record)) === true) {
      outcome = { kind: 'error', message: 'the process ended' };
    } else {
      outcome = await call(shard, records);
      if (isLost?.() === true) outcome = { kind: 'error', message: 'no answer in time' };
    }
    const failures = outcome.kind === 'answered' && JSON.stringify(outcome.response) !== nothingFailed;
    attempts.push({ records: records.length, outcome: failures ? 'failures reported' : outcome.kind });
    return outcome;
  }

  async function call(shard: string, records: readonly Polled[]): Promise<Invocation> {
    const path = `${lambdaApi}/functions/${encodeURIComponent(FunctionArn)}/invocations`;
    const event = { Records: records.map(({ record }) => eventOf(shard, record, EventSourceArn)) };
    const answer = await send({ service: 'lambda', path, body: JSON.stringify(event) });
    if (answer.status === 429) return { kind: 'throttled' };
    if (answer.status !== 200 || answer.headers.get('x-amz-function-error') !== null)
      return { kind: 'error', message: answer.body };
    return { kind: 'answered', response: JSON.parse(answer.body) };
  }

  async function giveUp(shard: string, what: GivenUp<Polled>): Promise<void> {
    const bucket = settings.destination?.replace(/^arn:aws:s3:::/, '');
    if (bucket === undefined) throw new Error('the mapping has no destination: what it gives up is lost');
    const at = new Date(now()).toISOString();
    const key = `aws/lambda/${UUID}/${shard}/${at.slice(0, 10).replaceAll('-', '/')}/${at.slice(0, 19).replaceAll(':', '.')}-${randomUUID()}`;
    const payload = { Records: what.records.map(({ record }) => eventOf(shard, record, EventSourceArn)) };
    const Body = JSON.stringify({
      requestContext: {
        functionArn: FunctionArn,
        condition: what.condition,
        approximateInvokeCount: what.attempts,
      },
      version: '1.0',
      timestamp: at,
      KinesisBatchInfo: { shardId: shard, batchSize: what.records.length, streamArn: EventSourceArn },
      payload: JSON.stringify(payload),
    });
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body }));
    givenUp.push(what);
    objects.push(key);
  }

  const poll = (shard: string): Promise<unknown> =>
    pollShard<Polled>(
      {
        settings,
        untilDrained: false,
        signal: ended.signal,
        now,
        // As long as Lambda waits for more, and no longer than tests can.
        wait: ms => new Promise(resolve => setTimeout(resolve, Math.min(ms, 200))),
        async read(after, limit) {
          const records = (await world.records([shard])).get(shard) ?? [];
          const start = after === null ? 0 : records.findIndex(r => r.sequence.toString() === after) + 1;
          return records.slice(start, start + limit).map(polledOf);
        },
        invoke: records => invoke(shard, records),
        giveUp: what => giveUp(shard, what),
      },
      from.get(shard)?.at(-1)?.sequence.toString() ?? null,
    );
  const self: DeployedPoller = {
    faults: {},
    attempts,
    givenUp,
    objects,
    async stop() {
      ended.abort(new Error('stopped'));
      await Promise.allSettled(polling);
    },
  };
  const polling = [...from.keys()].map(poll);
  for (const one of polling) one.catch(() => {});
  return self;
}

const nothingFailed = '{"batchItemFailures":[]}';

interface Polled extends PolledRecord {
  readonly record: StreamRecord;
}

const polledOf = (record: StreamRecord): Polled => ({
  sequence: record.sequence.toString(),
  arrivalTime: record.arrivalTime,
  bytes: record.data.length,
  record,
});

/** A record as a mapping hands it to a function. */
const eventOf = (shard: string, record: StreamRecord, eventSourceARN: string) => ({
  eventID: `${shard}:${record.sequence}`,
  eventName: 'aws:kinesis:record',
  eventSource: 'aws:kinesis',
  eventSourceARN,
  eventVersion: '1.0',
  kinesis: {
    kinesisSchemaVersion: '1.0',
    partitionKey: record.partitionKey,
    sequenceNumber: record.sequence.toString(),
    data: Buffer.from(record.data).toString('base64'),
    approximateArrivalTimestamp: record.arrivalTime / 1000,
  },
});
