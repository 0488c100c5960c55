import { longestItem } from '../../adapters/dynamodb/tables.ts';
import { tableOf } from '../../runtime/rows.ts';
import { secondsOf } from '../environment/index.ts';
import { figure } from './cost-line.ts';
import { functionTime } from './function-time.ts';
import { largeSlots } from './partial-size.ts';
import { prices } from './prices.ts';
import { hottestShare } from './row-model.ts';
import {
  batchesPerSecond,
  bytesPerRecord,
  mostBatchBytes,
  recordsPerSecond,
  rowsPerSecond,
  type StreamLoad,
  shardBytesPerSecond,
  shardRecordsPerSecond,
  type Workload,
} from './workload.ts';

/** A limit that the traffic comes near to or passes, and what to do. */
export interface LimitWarning {
  readonly limit:
    | 'shard'
    | 'hot key'
    | 'batch'
    | 'transform time'
    | 'table capacity'
    | 'partition'
    | 'item size'
    | 'concurrency'
    | 'payload'
    | 'price';
  readonly of: string;
  readonly message: string;
}

/** What would be slow, throttled or refused. Peaks are higher than the rate that was given: half of a limit warns. */
export function limitWarnings(workload: Workload): LimitWarning[] {
  return [
    ...workload.streams.flatMap(stream => [
      ...shardWarnings(workload, stream),
      ...batchWarnings(stream),
      ...tableWarnings(workload, stream),
      ...sizeWarnings(stream),
    ]),
    ...concurrencyWarnings(workload),
    ...payloadWarnings(workload),
    ...priceWarnings(workload),
  ];
}

const near = 0.5;

function shardWarnings(workload: Workload, stream: StreamLoad): LimitWarning[] {
  const warnings: LimitWarning[] = [];
  const records = recordsPerSecond(stream) / stream.shards;
  const bytes = (stream.eventsPerSecond * stream.bytesPerEvent) / stream.shards;
  const load = Math.max(records / shardRecordsPerSecond, bytes / shardBytesPerSecond);
  if (load > near && stream.settings.source.kind === 'provisioned')
    warnings.push({
      limit: 'shard',
      of: stream.name,
      message:
        `a shard gets ${figure(records)} records and ${figure(bytes / 1000)} KB a second, of at most 1,000 and 1,000: ` +
        `provision ${Math.ceil((stream.shards * load) / near)} shards, or let the stream be on demand`,
    });
  const share = hottestKeyShare(workload, stream);
  const ofKey = share * stream.eventsPerSecond;
  const keyLoad = Math.max(
    ofKey / stream.eventsPerRecord / shardRecordsPerSecond,
    (ofKey * stream.bytesPerEvent) / shardBytesPerSecond,
  );
  if (keyLoad > near)
    warnings.push({
      limit: 'hot key',
      of: stream.name,
      message:
        `one key has ${figure(100 * share)} % of the events, ${figure(ofKey)} a second, and all of them go to one shard, ` +
        'which takes 1,000 records and 1 MB a second: choose a key that is spread more widely',
    });
  return warnings;
}

/** Of a stream's events: as its sample shows, or as is said of the entity whose key is the stream's. */
function hottestKeyShare({ plan, traffic }: Workload, stream: StreamLoad): number {
  const measured = traffic.measured?.[stream.name];
  if (measured !== undefined) return measured.hottestKeyShare;
  const { key } = plan.streams.find(({ name }) => name === stream.name) ?? { key: [] };
  const shares = stream.groups
    .filter(({ group }) => group.keys.length === key.length && key.every(field => group.keys.includes(field)))
    .map(({ group, rows }) =>
      hottestShare({ ...stream, shards: 1, entities: rows, ...traffic.spread?.[group.entity] }),
    );
  return Math.max(0, ...shares);
}

function batchWarnings(stream: StreamLoad): LimitWarning[] {
  if (stream.eventsPerSecond === 0) return [];
  const warnings: LimitWarning[] = [];
  const { batch } = stream.settings;
  const windowSeconds = secondsOf(batch.window);
  if (stream.batchSeconds < windowSeconds)
    warnings.push({
      limit: 'batch',
      of: stream.name,
      message:
        `a batch is full after ${figure(stream.batchSeconds)} s of the ${windowSeconds} s that it may be gathered for ` +
        `(${figure(batch.records)} records, or ${figure(mostBatchBytes / 1024 / 1024)} MB): rows are written oftener. Have more shards, or a larger batch`,
    });
  const batches = batchesPerSecond(stream);
  const seconds = functionTime.transform(stream.eventsPerSecond / batches, rowsPerSecond(stream) / batches);
  if (seconds > near * stream.batchSeconds)
    warnings.push({
      limit: 'transform time',
      of: stream.name,
      message:
        `a batch of ${figure(stream.batchSeconds)} s takes about ${figure(seconds)} s to fold: a shard that is behind has no time to catch up. ` +
        `Have ${Math.ceil((stream.shards * seconds) / (near * stream.batchSeconds))} shards`,
    });
  return warnings;
}

function tableWarnings({ settings }: Workload, stream: StreamLoad): LimitWarning[] {
  return stream.groups.flatMap(({ group, rowsPerSecond: rows, writeUnitsPerRow }) => {
    const warnings: LimitWarning[] = [];
    const units = rows * writeUnitsPerRow;
    const warm = settings.tables.warmThroughput[tableOf(group)]?.writeUnitsPerSecond ?? newTableUnits;
    if (units > near * warm)
      warnings.push({
        limit: 'table capacity',
        of: tableOf(group),
        message:
          `${figure(units)} write units a second, where a new table with these settings bears ${figure(warm)} at first: set its tables.warmThroughput to ` +
          `${figure(2 * units)}`,
      });
    // Every shard's batch writes a row that all shards feed, at most.
    const ofRow = (Math.max(1, stream.shards) / stream.batchSeconds) * writeUnitsPerRow;
    if (ofRow > near * partitionUnits)
      warnings.push({
        limit: 'partition',
        of: tableOf(group),
        message:
          `a row that all ${stream.shards} shards feed is written up to ${figure(ofRow)} times a second, and a partition bears ${figure(partitionUnits)} ` +
          'write units: gather batches for longer',
      });
    return warnings;
  });
}

function sizeWarnings({ groups }: StreamLoad): LimitWarning[] {
  return groups.flatMap(({ group }) =>
    largeSlots(group, near * longestItem).map(({ slot, bytes }) => ({
      limit: 'item size' as const,
      of: tableOf(group),
      message:
        `a partial of ${slot.aggregator}${slot.by === undefined ? '' : ' by key'} may come to ${figure(bytes / 1024)} KB, and an item ends at ` +
        `${longestItem / 1024} KB: a row that passes it takes no more events. Lower its limit`,
    })),
  );
}

const newTableUnits = 4_000;
const partitionUnits = 1_000;

function concurrencyWarnings({ traffic, streams, plan }: Workload): LimitWarning[] {
  const events = streams.reduce((sum, stream) => sum + stream.eventsPerSecond, 0);
  const ingest = (events / traffic.eventsPerRequest) * functionTime.ingest(traffic.eventsPerRequest);
  const serve = traffic.readsPerSecond * functionTime.serve(traffic.entitiesPerRead * plan.groups.length);
  const shards = streams.reduce((sum, stream) => sum + stream.shards, 0);
  const all = ingest + serve + shards;
  if (all <= near * accountConcurrency) return [];
  return [
    {
      limit: 'concurrency',
      of: 'the account',
      message:
        `about ${figure(all)} functions run at once (ingest ${figure(ingest)}, serve ${figure(serve)}, transform ${shards}), of ${figure(accountConcurrency)} ` +
        'that an account may run unless its quota is raised: raise it, or reserve concurrency for the transform',
    },
  ];
}

const accountConcurrency = 1_000;

function payloadWarnings({ traffic, streams }: Workload): LimitWarning[] {
  return streams.flatMap(stream => {
    const warnings: LimitWarning[] = [];
    const request = traffic.eventsPerRequest * stream.bytesPerEvent;
    if (request > near * lambdaPayload)
      warnings.push({
        limit: 'payload',
        of: stream.name,
        message: `a request of ${figure(traffic.eventsPerRequest)} events has ${figure(request / 1024)} KB, and Lambda takes 6 MB: send fewer at once`,
      });
    if (bytesPerRecord(stream) > near * kinesisRecord)
      warnings.push({
        limit: 'payload',
        of: stream.name,
        message: `a record has ${figure(bytesPerRecord(stream) / 1024)} KB, and Kinesis takes 1 MB: make events smaller`,
      });
    return warnings;
  });
}

const lambdaPayload = 6 * 1024 * 1024;
const kinesisRecord = 1024 * 1024;

function priceWarnings({ settings }: Workload): LimitWarning[] {
  const warnings: LimitWarning[] = [];
  if (settings.region !== prices.region)
    warnings.push({
      limit: 'price',
      of: settings.region,
      message: `prices are those of ${prices.region}; ${settings.region} has others, mostly within a quarter`,
    });
  const { cache } = settings;
  if (cache.kind === 'nodes' && prices.cacheNodeHour[cache.nodeType] === undefined)
    warnings.push({
      limit: 'price',
      of: cache.nodeType,
      message: `lib/infra/cost/prices.ts has no price of a ${cache.nodeType}: its line says 0`,
    });
  return warnings;
}
