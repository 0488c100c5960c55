import { type EnvironmentSettings, secondsOf } from '../environment/index.ts';
import { type CostLine, costLine, figure, month, perMonth } from './cost-line.ts';
import { functionTime } from './function-time.ts';
import { hoursPerMonth, prices } from './prices.ts';
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
  const calls = perMonth(perSecond / eventsPerRequest);
  const formula = `${figure(perSecond)} events/s ÷ ${figure(eventsPerRequest)} × ${month}`;
  return [
    ...httpLines('ingest', 'events', calls, formula),
    ...functionLines({
      part: 'ingest',
      name: 'ingest',
      calls,
      formula,
      seconds: functionTime.ingest(eventsPerRequest),
      memoryMb: settings.functions.ingest.memoryMebibytes,
    }),
  ];
}

/** What a stream costs: by the GB, or by the shard. One that was there before is on its owner's bill. */
export function streamLines(stream: StreamLoad): CostLine[] {
  const { source, retention } = stream.settings;
  if (source.kind === 'existing') return [];
  const part = 'stream';
  const keptHours = secondsOf(retention) / 3600;
  const records = recordsPerSecond(stream);
  const kilobytes = billedUnits(stream, 1024);
  const gigabytes = perMonth(records * kilobytes) / gigabyteKb;
  const recordsFormula = `${figure(records)} records/s × ${figure(kilobytes)} KB × ${month}`;
  const named = (item: string): string => `Kinesis ${stream.name}, ${item}`;
  const kept = (item: string, hours: number, price: number): CostLine =>
    costLine({
      part,
      item: named(item),
      formula: `${figure(gigabytes)} GB × ${figure(hours)} h ÷ ${hoursPerMonth} h`,
      quantity: (gigabytes * hours) / hoursPerMonth,
      unit: 'GB-months',
      price,
    });
  if (source.kind === 'provisioned') {
    const units = billedUnits(stream, 25 * 1024);
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
        formula: `${figure(records)} records/s × ${figure(units)} × ${month}`,
        quantity: perMonth(records * units),
        unit: 'units of 25 KB',
        price: prices.kinesisPutUnit,
      }),
      ...ifAny(keptHours - 24, () =>
        costLine({
          part,
          item: named('kept beyond a day'),
          formula: `${stream.shards} shards × ${hoursPerMonth} h`,
          quantity: shardHours,
          unit: 'shard-hours',
          price: prices.kinesisShardHourExtended,
        }),
      ),
      ...ifAny(keptHours - 168, hours => kept('kept beyond a week', hours, prices.kinesisGbMonthLong)),
    ];
  }
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
    ...ifAny(Math.min(keptHours, 168) - 24, hours =>
      kept('kept beyond a day', hours, prices.kinesisOnDemandGbMonthExtended),
    ),
    ...ifAny(keptHours - 168, hours => kept('kept beyond a week', hours, prices.kinesisGbMonthLong)),
  ];
}

/** A record's size in started units. Records of several events differ in size, and lose half a unit on average. */
function billedUnits(stream: StreamLoad, unit: number): number {
  const units = bytesPerRecord(stream) / unit;
  return stream.eventsPerRecord > 1 ? Math.max(1, units + 0.5) : Math.ceil(units);
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
    memoryMb: settings.functions.transform.memoryMebibytes,
  });
}

/** Firehose, which writes a stream's events to the lake, and their keep. */
export function archiveLines({ settings }: Workload, stream: StreamLoad): CostLine[] {
  const part = 'archive';
  const records = recordsPerSecond(stream);
  const billed = billedUnits(stream, 5 * 1024) * 5;
  const rawGigabytes = perMonth(stream.eventsPerSecond * stream.bytesPerEvent) / gigabyte;
  const calls = (rawGigabytes * 1024) / bufferMb;
  const { every, mebibytes } = settings.archive;
  const files = Math.max(perMonth(1 / secondsOf(every)), (rawGigabytes * 1024) / mebibytes);
  return [
    costLine({
      part,
      item: `Firehose ${stream.name}`,
      formula: `${figure(records)} records/s × ${figure(billed)} KB (in steps of 5) × ${month}`,
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
      memoryMb: archiveMemoryMb,
    }),
    costLine({
      part,
      item: `S3, files of ${stream.name}`,
      formula: `one in ${secondsOf(every) / 60} minutes, or of ${mebibytes} MB`,
      quantity: files,
      unit: 'requests',
      price: prices.s3Put,
    }),
    ...lakeLines(settings.archive, stream.name, rawGigabytes),
  ];
}

/** The files of the time that they are kept; where that is for ever, of a year. */
function lakeLines(
  { infrequentAfter, keepFor }: EnvironmentSettings['archive'],
  stream: string,
  gigabytesPerMonth: number,
): CostLine[] {
  const kept = keepFor === 'ever' ? daysPerYear : secondsOf(keepFor) / 86_400;
  const near = infrequentAfter === 'never' ? kept : Math.min(kept, secondsOf(infrequentAfter) / 86_400);
  const line = (item: string, days: number, price: number): CostLine =>
    costLine({
      part: 'archive',
      item: `${item} of ${stream}`,
      formula: `${figure(gigabytesPerMonth)} GB a month × ${parquetShare} as Parquet × ${figure(days)} ÷ 30.4 days`,
      quantity: (gigabytesPerMonth * parquetShare * days) / daysPerMonth,
      unit: 'GB-months',
      price,
    });
  const span = keepFor === 'ever' ? 'after a year' : `kept for ${kept} days`;
  return [
    line(`S3 Standard, ${span},`, near, prices.s3GbMonth),
    ...ifAny(kept - near, days => line(`S3 Infrequent Access, ${span},`, days, prices.s3InfrequentGbMonth)),
  ];
}

/** Of an event's JSON, with Snappy. */
const parquetShare = 0.3;
/** The function that Firehose calls, and what it is handed at once (processing/archive.ts). */
const archiveMemoryMb = 1_769;
const bufferMb = 1;
const daysPerMonth = hoursPerMonth / 24;
const daysPerYear = 365;
/** The transform and Firehose. */
const readers = 2;
const gigabyte = 1024 ** 3;
const gigabyteKb = 1024 ** 2;

const ifAny = (n: number, line: (n: number) => CostLine): CostLine[] => (n > 0 ? [line(n)] : []);
