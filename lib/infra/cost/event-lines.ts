import { type CostLine, costLine, figure } from './cost-line.ts';
import { functionTime } from './function-time.ts';
import { hoursPerMonth, prices, secondsPerMonth } from './prices.ts';
import { functionLines, httpLines } from './usage-lines.ts';
import {
  batchesPerSecond,
  bytesPerRecord,
  recordsPerSecond,
  rowsPerSecond,
  type StreamLoad,
  type Workload,
} from './workload.ts';

/** What it costs to take events in: the HTTP API and its function. */
export function ingestLines({ settings, traffic, streams }: Workload): CostLine[] {
  const { eventsPerRequest } = traffic;
  const perSecond = streams.reduce((sum, stream) => sum + stream.eventsPerSecond, 0);
  const calls = (perSecond / eventsPerRequest) * secondsPerMonth;
  const formula = `${figure(perSecond)} events/s ÷ ${figure(eventsPerRequest)} × ${month}`;
  return [
    ...httpLines('ingest', 'events', calls, formula),
    ...functionLines({
      part: 'ingest',
      name: 'ingest',
      calls,
      formula,
      seconds: functionTime.ingest(eventsPerRequest),
      memoryMb: settings.memoryMb.ingest,
    }),
  ];
}

/** What a stream costs: by the GB, or by the shard. */
export function streamLines({ settings }: Workload, stream: StreamLoad): CostLine[] {
  const part = 'stream';
  const records = recordsPerSecond(stream);
  const kilobytes = Math.ceil(bytesPerRecord(stream) / 1024);
  const gigabytes = perMonth(records * kilobytes) / gigabyteKb;
  const recordsFormula = `${figure(records)} records/s × ${kilobytes} KB × ${month}`;
  const named = (item: string): string => `Kinesis ${stream.name}, ${item}`;
  if (settings.stream.capacity === 'provisioned') {
    const units = Math.ceil(bytesPerRecord(stream) / (25 * 1024));
    const shardHours = stream.shards * hoursPerMonth;
    return [
      costLine({
        part,
        item: named('shards'),
        formula: `${stream.shards} shards × ${hoursPerMonth} h`,
        quantity: shardHours,
        unit: 'shard-hours',
        price: prices.kinesisShardHour,
      }),
      costLine({
        part,
        item: named('puts'),
        formula: `${figure(records)} records/s × ${units} × ${month}`,
        quantity: perMonth(records * units),
        unit: 'units of 25 KB',
        price: prices.kinesisPutUnit,
      }),
      ...ifAny(settings.retentionHours - 24, () =>
        costLine({
          part,
          item: named(`kept for ${settings.retentionHours} h`),
          formula: `${stream.shards} shards × ${hoursPerMonth} h`,
          quantity: shardHours,
          unit: 'shard-hours',
          price: prices.kinesisShardHourExtended,
        }),
      ),
    ];
  }
  const readers = settings.archive === null ? 1 : 2;
  const readGigabytes = (perMonth(stream.eventsPerSecond * stream.bytesPerEvent) / gigabyte) * readers;
  return [
    costLine({
      part,
      item: named('on demand'),
      formula: `1 stream × ${hoursPerMonth} h`,
      quantity: hoursPerMonth,
      unit: 'stream-hours',
      price: prices.kinesisOnDemandHour,
    }),
    costLine({
      part,
      item: named('in'),
      formula: recordsFormula,
      quantity: gigabytes,
      unit: 'GB',
      price: prices.kinesisOnDemandGbIn,
    }),
    costLine({
      part,
      item: named('out'),
      formula: `${figure(stream.eventsPerSecond)} events/s × ${figure(stream.bytesPerEvent)} bytes × ${readers} readers × ${month}`,
      quantity: readGigabytes,
      unit: 'GB',
      price: prices.kinesisOnDemandGbOut,
    }),
    ...ifAny(settings.retentionHours - 24, hours =>
      costLine({
        part,
        item: named(`kept for ${settings.retentionHours} h`),
        formula: `${figure(gigabytes)} GB × ${hours} h beyond the first day ÷ ${hoursPerMonth} h`,
        quantity: (gigabytes * hours) / hoursPerMonth,
        unit: 'GB-months',
        price: prices.kinesisOnDemandGbMonthExtended,
      }),
    ),
  ];
}

/** The function that folds a stream's batches. */
export function transformLines({ settings }: Workload, stream: StreamLoad): CostLine[] {
  const batches = batchesPerSecond(stream);
  const perBatch = (perSecond: number): number => (batches === 0 ? 0 : perSecond / batches);
  return functionLines({
    part: 'transform',
    name: `transform ${stream.name}`,
    calls: perMonth(batches),
    formula: `${stream.shards} shards ÷ ${figure(stream.batchSeconds)} s × ${month}`,
    seconds: functionTime.transform(perBatch(stream.eventsPerSecond), perBatch(rowsPerSecond(stream))),
    memoryMb: settings.memoryMb.transform,
  });
}

/** Firehose, which writes a stream's events to the lake, and their keep. */
export function archiveLines({ settings }: Workload, stream: StreamLoad): CostLine[] {
  if (settings.archive === null) return [];
  const part = 'archive';
  const records = recordsPerSecond(stream);
  const billed = Math.ceil(bytesPerRecord(stream) / (5 * 1024)) * 5;
  const rawGigabytes = perMonth(stream.eventsPerSecond * stream.bytesPerEvent) / gigabyte;
  const calls = (rawGigabytes * 1024) / bufferMb;
  const months = settings.archive.days / daysPerMonth;
  const files = Math.max(perMonth(1 / 300), (rawGigabytes * 1024) / 128);
  return [
    costLine({
      part,
      item: `Firehose ${stream.name}`,
      formula: `${figure(records)} records/s × ${billed} KB (in steps of 5) × ${month}`,
      quantity: perMonth(records * billed) / gigabyteKb,
      unit: 'GB',
      price: prices.firehoseGb,
    }),
    costLine({
      part,
      item: `Firehose ${stream.name}, to Parquet`,
      formula: `${figure(stream.eventsPerSecond)} events/s × ${figure(stream.bytesPerEvent)} bytes × ${month}`,
      quantity: rawGigabytes,
      unit: 'GB',
      price: prices.firehoseConversionGb,
    }),
    ...functionLines({
      part,
      name: `archive ${stream.name}`,
      calls,
      formula: `${figure(rawGigabytes)} GB in pieces of ${bufferMb} MB`,
      seconds: functionTime.archive(bufferMb),
      memoryMb: settings.memoryMb.ingest,
    }),
    costLine({
      part,
      item: `S3, files of ${stream.name}`,
      formula: 'one in 5 minutes, or of 128 MB',
      quantity: files,
      unit: 'requests',
      price: prices.s3Put,
    }),
    costLine({
      part,
      item: `S3, ${stream.name} kept for ${settings.archive.days} days`,
      formula: `${figure(rawGigabytes)} GB × ${parquetShare} as Parquet × ${figure(months)} months`,
      quantity: rawGigabytes * parquetShare * months,
      unit: 'GB-months',
      price: prices.s3GbMonth,
    }),
  ];
}

/** Of an event's JSON, with Snappy. */
const parquetShare = 0.3;
/** What Firehose hands to its function at once. */
const bufferMb = 1;
const daysPerMonth = hoursPerMonth / 24;
const gigabyte = 1024 ** 3;
const gigabyteKb = 1024 ** 2;
const month = '2,628,000 s';

const perMonth = (perSecond: number): number => perSecond * secondsPerMonth;

const ifAny = (n: number, line: (n: number) => CostLine): CostLine[] => (n > 0 ? [line(n)] : []);
