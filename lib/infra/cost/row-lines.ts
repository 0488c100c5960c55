import { tableOf } from '../../runtime/rows.ts';
import { type CostLine, costLine, figure, month, perMonth } from './cost-line.ts';
import { functionTime } from './function-time.ts';
import { hoursPerMonth, prices } from './prices.ts';
import type { GroupLoad } from './traffic.ts';
import { functionLines, httpLines } from './usage-lines.ts';
import { batchesPerSecond, rowsPerSecond, type StreamLoad, type Workload } from './workload.ts';

/** A stream's rows on DynamoDB: what is written, read to be written, and kept. */
export function tableLines({ settings }: Workload, stream: StreamLoad): CostLine[] {
  const part = 'rows';
  const ofGroups = stream.groups.flatMap((load): CostLine[] => {
    const { rowsPerSecond: rows, writeUnitsPerRow, readUnitsPerRow } = load;
    const table = `DynamoDB ${tableOf(load.group)}`;
    return [
      costLine({
        part,
        item: `${table}, writes`,
        formula: `${figure(rows)} rows/s (${figure(rows / Math.max(load.eventsPerSecond, 1e-9))} an event) × ${figure(writeUnitsPerRow)} units × ${month}`,
        quantity: perMonth(rows * writeUnitsPerRow),
        unit: 'write units',
        price: prices.dynamoWriteUnit,
      }),
      costLine({
        part,
        item: `${table}, reads`,
        formula: `${figure(rows)} rows/s × ${figure(readUnitsPerRow)} units × ${month}`,
        quantity: perMonth(rows * readUnitsPerRow),
        unit: 'read units',
        price: prices.dynamoReadUnit,
      }),
    ];
  });
  return [
    ...ofGroups,
    ...progressLines(stream),
    ...storageLines(stream.groups, stream.name, settings.tables.pointInTimeRecovery !== 'off'),
  ];
}

/** Each batch reads the shards' progress before and after each group's rows, and the active Plan; and moves it once. */
function progressLines(stream: StreamLoad): CostLine[] {
  const batches = batchesPerSecond(stream);
  const reads = progressReads(stream.groups.length);
  const batchesText = `${figure(batches)} batches/s`;
  return [
    costLine({
      part: 'rows',
      item: `DynamoDB progress of ${stream.name}, writes`,
      formula: `${batchesText} × ${month}`,
      quantity: perMonth(batches),
      unit: 'write units',
      price: prices.dynamoWriteUnit,
    }),
    costLine({
      part: 'rows',
      item: `DynamoDB progress of ${stream.name}, reads`,
      formula: `${batchesText} × ${reads} × ${month}`,
      quantity: perMonth(batches * reads),
      unit: 'read units',
      price: prices.dynamoReadUnit,
    }),
  ];
}

/** How often a batch reads progress and the active Plan. */
export const progressReads = (groups: number): number => groups + 2;

function storageLines(groups: readonly GroupLoad[], stream: string, isBackedUp: boolean): CostLine[] {
  const bytes = groups.reduce((sum, { rows, bytesPerRow }) => sum + rows * (bytesPerRow + indexBytes), 0);
  const rows = groups.reduce((sum, group) => sum + group.rows, 0);
  const common = {
    part: 'rows',
    formula: `${figure(rows)} rows × ${figure(bytes / Math.max(rows, 1))} bytes`,
    quantity: bytes / 1024 ** 3,
    unit: 'GB-months',
  } as const;
  return [
    costLine({ ...common, item: `DynamoDB storage of ${stream}'s groups`, price: prices.dynamoGbMonth }),
    ...(isBackedUp
      ? [
          costLine({
            ...common,
            item: `DynamoDB recovery (PITR) of ${stream}'s groups`,
            price: prices.dynamoBackupGbMonth,
          }),
        ]
      : []),
  ];
}

/** What DynamoDB counts on top of each item that is stored. */
const indexBytes = 100;

/** What it costs to answer requests for feature vectors. */
export function readLines({ plan, settings, traffic }: Workload): CostLine[] {
  const { readsPerSecond, entitiesPerRead } = traffic;
  const groups = averageGroups(plan);
  const rows = entitiesPerRead * groups;
  const calls = perMonth(readsPerSecond);
  const formula = `${figure(readsPerSecond)} requests/s × ${month}`;
  const isCached = settings.cache.kind !== 'none';
  const missed = isCached ? assumedMisses : 1;
  return [
    ...httpLines('reads', 'features', calls, formula),
    ...functionLines({
      part: 'reads',
      name: 'serve',
      calls,
      formula,
      seconds: functionTime.serve(rows),
      memoryMb: settings.functions.serve.memoryMebibytes,
    }),
    costLine({
      part: 'reads',
      item: 'DynamoDB, rows read to be served',
      formula:
        `${figure(readsPerSecond)} requests/s × ${figure(entitiesPerRead)} entities × ${figure(groups)} groups × ` +
        `${eventualUnit} unit${isCached ? ` × ${assumedMisses} not in the cache` : ''} × ${month}`,
      quantity: calls * rows * eventualUnit * missed,
      unit: 'read units',
      price: prices.dynamoReadUnit,
    }),
  ];
}

const averageGroups = ({ services }: Workload['plan']): number =>
  services.length === 0
    ? 1
    : services.reduce((sum, { features }) => sum + new Set(features.map(({ group }) => group)).size, 0) /
      services.length;

/** Readers need not see the last second's writes. */
const eventualUnit = 0.5;
const assumedMisses = 0.2;

/** Rows nearer to readers than DynamoDB. */
export function cacheLines({ settings, traffic, plan, streams }: Workload): CostLine[] {
  const { cache } = settings;
  if (cache.kind === 'none') return [];
  const part = 'cache';
  if (cache.kind === 'nodes') {
    const nodes = 1 + cache.replicas;
    return [
      costLine({
        part,
        item: `ElastiCache ${cache.nodeType}`,
        formula: `${nodes} nodes × ${hoursPerMonth} h`,
        quantity: nodes * hoursPerMonth,
        unit: 'node-hours',
        price: prices.cacheNodeHour[cache.nodeType] ?? 0,
      }),
    ];
  }
  const written = streams.reduce((sum, stream) => sum + rowsPerSecond(stream), 0);
  const read = traffic.readsPerSecond * traffic.entitiesPerRead * averageGroups(plan);
  const gigabytes = Math.max(0.1, (written * cachedSeconds * 1024) / 1024 ** 3);
  return [
    costLine({
      part,
      item: 'ElastiCache Serverless, data',
      formula: `${figure(written)} rows/s × ${cachedSeconds} s × 1 KB, at least 0.1 GB, × ${hoursPerMonth} h`,
      quantity: gigabytes * hoursPerMonth,
      unit: 'GB-hours',
      price: prices.cacheGbHour,
    }),
    costLine({
      part,
      item: 'ElastiCache Serverless, requests',
      formula: `(${figure(written)} rows/s written + ${figure(read)} rows/s read) × 1 KB × ${month}`,
      quantity: perMonth(written + read),
      unit: 'units',
      price: prices.cacheUnit,
    }),
  ];
}

/** An entry lives as long as the bound on freshness. */
const cachedSeconds = 60;
