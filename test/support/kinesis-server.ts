import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createKinesisClient } from '../../lib/adapters/kinesis/client.ts';
import type { LogRecord } from '../../lib/runtime/ports.ts';

/** What happens to a request. `…-after` has stored the records that are not throttled, and the answer is lost. */
export type Fault =
  | { readonly kind: 'throttle'; readonly records: (index: number) => boolean }
  | { readonly kind: 'reset' | 'reset-after' | 'silent' }
  | { readonly kind: 'status' | 'status-after'; readonly status: number; readonly type: string };

export interface KinesisServer {
  readonly endpoint: string;
  readonly client: ReturnType<typeof createKinesisClient>;
  /** By shard, in order, what was stored. */
  readonly stored: ReadonlyMap<string, readonly LogRecord[]>;
  /** The records of each PutRecords request, whatever became of it. */
  readonly requests: readonly (readonly PutEntry[])[];
  readonly listings: readonly unknown[];
  /** Asked before each request of an operation; the number counts those of it. */
  fault: (operation: Operation, request: number) => Fault | null;
  /** Called before each PutRecords is answered. */
  before: (request: number) => void | Promise<void>;
  /** Closes a shard and opens two. */
  split(shard: string): void;
  /** Closes two shards that lie side by side, and opens one. */
  merge(shard: string, adjacent: string): void;
  /** All iterators given so far are too old from now on. */
  expireIterators(): void;
  close(): Promise<void>;
}

export type Operation =
  | 'PutRecords'
  | 'ListShards'
  | 'DescribeStreamSummary'
  | 'GetShardIterator'
  | 'GetRecords';

interface PutEntry {
  readonly PartitionKey: string;
  readonly Data: string;
}

interface Shard {
  readonly id: string;
  readonly from: bigint;
  readonly to: bigint;
  readonly parents: readonly string[];
  isOpen: boolean;
}

const space = 2n ** 128n;

/** A stream that speaks Kinesis' JSON protocol on the loopback interface, with faults by script. */
export async function startKinesisServer(options: {
  shards: number;
  pageSize?: number;
}): Promise<KinesisServer> {
  const { pageSize = 1000 } = options;
  const shards: Shard[] = [];
  const stored = new Map<string, LogRecord[]>();
  const requests: (readonly PutEntry[])[] = [];
  const listings: unknown[] = [];
  const counts: Record<Operation, number> = {
    PutRecords: 0,
    ListShards: 0,
    DescribeStreamSummary: 0,
    GetShardIterator: 0,
    GetRecords: 0,
  };
  /** Iterators of an earlier one have expired. */
  let era = 0;
  let sequence = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898n;

  function open(from: bigint, to: bigint, ...parents: readonly string[]): void {
    const id = `shardId-${String(shards.length).padStart(12, '0')}`;
    shards.push({ id, from, to, parents, isOpen: true });
    stored.set(id, []);
  }
  const count = BigInt(options.shards);
  for (let i = 0n; i < count; i++) open((space * i) / count, (space * (i + 1n)) / count);

  function put({ PartitionKey, Data }: PutEntry) {
    const hash = BigInt(`0x${createHash('md5').update(PartitionKey).digest('hex')}`);
    const { id } = shards.find(s => s.isOpen && s.from <= hash && hash < s.to)!;
    const record = {
      shard: id,
      sequence: ++sequence,
      arrivalTime: Date.now(),
      data: Buffer.from(Data, 'base64'),
    };
    stored.get(id)!.push(record);
    return { ShardId: id, SequenceNumber: sequence.toString() };
  }

  const self: KinesisServer = {
    endpoint: '',
    client: null as never,
    stored,
    requests,
    listings,
    fault: () => null,
    before: () => {},
    split(name) {
      const parent = shards.find(s => s.id === name)!;
      parent.isOpen = false;
      const middle = (parent.from + parent.to) / 2n;
      open(parent.from, middle, name);
      open(middle, parent.to, name);
    },
    merge(...names) {
      const [low, high] = names.map(name => shards.find(s => s.id === name)!) as [Shard, Shard];
      for (const parent of [low, high]) parent.isOpen = false;
      open(low.from, high.to, ...names);
    },
    expireIterators() {
      era++;
    },
    close: async () => {
      self.client.destroy();
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };

  function listShards({ NextToken }: { NextToken?: string }) {
    const from = Number(NextToken ?? 0);
    const page = shards.slice(from, from + pageSize).map(({ id, from: start, to, parents, isOpen }) => ({
      ShardId: id,
      ...(parents[0] === undefined ? {} : { ParentShardId: parents[0] }),
      ...(parents[1] === undefined ? {} : { AdjacentParentShardId: parents[1] }),
      HashKeyRange: { StartingHashKey: start.toString(), EndingHashKey: (to - 1n).toString() },
      SequenceNumberRange: { StartingSequenceNumber: '1', ...(isOpen ? {} : { EndingSequenceNumber: '9' }) },
    }));
    return { Shards: page, ...(from + pageSize < shards.length ? { NextToken: `${from + pageSize}` } : {}) };
  }

  function getShardIterator(body: { ShardId: string; StartingSequenceNumber?: string }) {
    const after = body.StartingSequenceNumber;
    const place =
      after === undefined ? 0 : stored.get(body.ShardId)!.findIndex(r => r.sequence > BigInt(after));
    return { ShardIterator: iteratorOf(body.ShardId, place < 0 ? stored.get(body.ShardId)!.length : place) };
  }

  const iteratorOf = (id: string, place: number): string => `${era}/${id}/${place}`;

  function getRecords(body: { ShardIterator: string; Limit: number }) {
    const [, id = '', place] = body.ShardIterator.split('/');
    const all = stored.get(id)!;
    const end = Math.min(Number(place) + body.Limit, all.length);
    const isLast = end === all.length;
    return {
      Records: all.slice(Number(place), end).map(({ sequence, arrivalTime, data }) => ({
        SequenceNumber: sequence.toString(),
        ApproximateArrivalTimestamp: arrivalTime / 1000,
        Data: Buffer.from(data).toString('base64'),
        PartitionKey: 'k',
      })),
      MillisBehindLatest: isLast ? 0 : 1_000,
      ...(isLast && !shards.find(s => s.id === id)!.isOpen ? {} : { NextShardIterator: iteratorOf(id, end) }),
    };
  }

  const describe = () => ({
    StreamDescriptionSummary: {
      StreamName: 'stream',
      StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/stream',
      StreamStatus: 'ACTIVE',
      RetentionPeriodHours: 24,
      StreamCreationTimestamp: 1_767_225_600.5,
      OpenShardCount: shards.filter(s => s.isOpen).length,
    },
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString());
    const operation = String(request.headers['x-amz-target']).split('.')[1] as Operation;
    const number = counts[operation]++;
    if (operation === 'PutRecords') {
      requests.push(body.Records);
      await self.before(number);
    }
    if (operation === 'ListShards') listings.push(body);
    const fault = self.fault(operation, number);
    const send = (status: number, value: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(value));
    };
    const perform = (): unknown => {
      if (operation !== 'PutRecords') return operations[operation](body);
      const Records = (body.Records as PutEntry[]).map((entry, i) =>
        fault?.kind === 'throttle' && fault.records(i)
          ? { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'Rate exceeded' }
          : put(entry),
      );
      return { FailedRecordCount: Records.filter(r => 'ErrorCode' in r).length, Records };
    };
    if (operation === 'GetRecords' && !body.ShardIterator.startsWith(`${era}/`))
      return send(400, { __type: 'ExpiredIteratorException', message: 'Iterator expired' });
    if (fault === null || fault.kind === 'throttle') return send(200, perform());
    if (fault.kind.endsWith('-after')) perform();
    if ('status' in fault) return send(fault.status, { __type: fault.type, message: 'scripted' });
    if (fault.kind !== 'silent') response.destroy();
  }

  const operations = {
    ListShards: listShards,
    DescribeStreamSummary: describe,
    GetShardIterator: getShardIterator,
    GetRecords: getRecords,
  };

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  const client = createKinesisClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  return Object.assign(self, { client, endpoint });
}
