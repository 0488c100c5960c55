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
  /** Asked before each request of an operation. */
  fault: (operation: 'PutRecords' | 'ListShards', request: number) => Fault | null;
  /** Called before each PutRecords is answered. */
  before: (request: number) => void | Promise<void>;
  /** Closes a shard and opens two. */
  split(shard: string): void;
  close(): Promise<void>;
}

interface PutEntry {
  readonly PartitionKey: string;
  readonly Data: string;
}

interface Shard {
  readonly id: string;
  readonly from: bigint;
  readonly to: bigint;
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
  let sequence = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898n;

  function open(from: bigint, to: bigint): void {
    const id = `shardId-${String(shards.length).padStart(12, '0')}`;
    shards.push({ id, from, to, isOpen: true });
    stored.set(id, []);
  }
  const count = BigInt(options.shards);
  for (let i = 0n; i < count; i++) open((space * i) / count, (space * (i + 1n)) / count);

  function put({ PartitionKey, Data }: PutEntry) {
    const hash = BigInt(`0x${createHash('md5').update(PartitionKey).digest('hex')}`);
    const { id } = shards.find(s => s.isOpen && s.from <= hash && hash < s.to)!;
    const record = { shard: id, sequence: ++sequence, arrivalTime: 0, data: Buffer.from(Data, 'base64') };
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
      open(parent.from, middle);
      open(middle, parent.to);
    },
    close: async () => {
      self.client.destroy();
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };

  function listShards({ NextToken }: { NextToken?: string }) {
    const from = Number(NextToken ?? 0);
    const page = shards.slice(from, from + pageSize).map(({ id, from: start, to, isOpen }) => ({
      ShardId: id,
      HashKeyRange: { StartingHashKey: start.toString(), EndingHashKey: (to - 1n).toString() },
      SequenceNumberRange: { StartingSequenceNumber: '1', ...(isOpen ? {} : { EndingSequenceNumber: '9' }) },
    }));
    return { Shards: page, ...(from + pageSize < shards.length ? { NextToken: `${from + pageSize}` } : {}) };
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString());
    const operation = String(request.headers['x-amz-target']).split('.')[1] as 'PutRecords' | 'ListShards';
    const isPut = operation === 'PutRecords';
    const number = isPut ? requests.push(body.Records) - 1 : listings.push(body) - 1;
    if (isPut) await self.before(number);
    const fault = self.fault(operation, number);
    const send = (status: number, value: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(value));
    };
    const perform = (): unknown => {
      if (!isPut) return listShards(body);
      const Records = (body.Records as PutEntry[]).map((entry, i) =>
        fault?.kind === 'throttle' && fault.records(i)
          ? { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'Rate exceeded' }
          : put(entry),
      );
      return { FailedRecordCount: Records.filter(r => 'ErrorCode' in r).length, Records };
    };
    if (fault === null || fault.kind === 'throttle') return send(200, perform());
    if (fault.kind.endsWith('-after')) perform();
    if ('status' in fault) return send(fault.status, { __type: fault.type, message: 'scripted' });
    if (fault.kind !== 'silent') response.destroy();
  }

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
