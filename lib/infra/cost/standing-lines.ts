import { secondsOf } from '../environment/index.ts';
import { alarmsOf } from '../watch/alarms.ts';
import { type CostLine, costLine, figure, perMonth } from './cost-line.ts';
import { hoursPerMonth, prices } from './prices.ts';
import { batchesPerSecond, type Workload } from './workload.ts';

/** What stands there whether or not events come, and what watching them costs. */
export const standingLines = (workload: Workload): CostLine[] => [
  ...networkLines(workload),
  ...keyLines(workload),
  ...watchingLines(workload),
];

function networkLines({ settings }: Workload): CostLine[] {
  if (settings.network.kind !== 'new') return [];
  return [
    costLine({
      part: 'network',
      item: 'VPC gateway endpoints',
      formula: 'DynamoDB and S3; there is no NAT and no interface endpoint',
      quantity: 2,
      unit: 'endpoints',
      price: prices.gatewayEndpointMonth,
    }),
  ];
}

function keyLines({ settings, plan, streams }: Workload): CostLine[] {
  const shards = streams.reduce((sum, stream) => sum + stream.shards, 0);
  const users = plan.groups.length + 2 * shards + usersOfKeys;
  return [
    ...(settings.key.kind === 'new'
      ? [
          costLine({
            part: 'keys',
            item: 'KMS key',
            formula: 'one for all data',
            quantity: 1,
            unit: 'keys',
            price: prices.keyMonth,
          }),
        ]
      : []),
    costLine({
      part: 'keys',
      item: 'KMS requests',
      formula: `${users} tables, shards and others × 12 an hour × ${hoursPerMonth} h`,
      quantity: users * 12 * hoursPerMonth,
      unit: 'requests',
      price: prices.keyRequest,
    }),
  ];
}

/** Functions, buckets, logs. */
const usersOfKeys = 10;

function watchingLines({ settings, streams, traffic, plan }: Workload): CostLine[] {
  const part = 'watching';
  const events = streams.reduce((sum, stream) => sum + stream.eventsPerSecond, 0);
  const requests = events / traffic.eventsPerRequest + traffic.readsPerSecond;
  const batches = streams.reduce((sum, stream) => sum + batchesPerSecond(stream), 0);
  const calls = requests + batches;
  const gigabytes = perMonth(calls * linesPerCall + requests * accessLine) / 1024 ** 3;
  const logDays = secondsOf(settings.logs.keepFor) / 86_400;
  const rollBacks = settings.rollout.kind === 'at-once' ? 0 : liveFunctions + streams.length;
  const alarms = alarmsOf(plan, settings).length + rollBacks;
  const read = plan.groups.length + plan.services.length;
  const metrics = streams.length * metricsOfStream + read * metricsOfRead + metricsOfApi;
  return [
    costLine({
      part,
      item: 'Logs, written',
      formula: `${figure(calls)} calls/s × ${figure(linesPerCall)} bytes + ${figure(requests)} requests/s × ${accessLine} bytes`,
      quantity: gigabytes,
      unit: 'GB',
      price: prices.logsGbIn,
    }),
    costLine({
      part,
      item: `Logs, kept for ${logDays} days`,
      formula: `${figure(gigabytes)} GB × ${logCompression} compressed × ${logDays} ÷ 30.4 days`,
      quantity: (gigabytes * logCompression * logDays * 24) / hoursPerMonth,
      unit: 'GB-months',
      price: prices.logsGbMonth,
    }),
    costLine({
      part,
      item: 'Metrics',
      formula: `${streams.length} streams × ${metricsOfStream} + ${read} groups and services × ${metricsOfRead} + ${metricsOfApi} of the API`,
      quantity: metrics,
      unit: 'metrics',
      price: prices.metricMonth,
    }),
    costLine({
      part,
      item: 'Alarms',
      formula: `${alarms} alarms`,
      quantity: alarms,
      unit: 'alarms',
      price: prices.alarmMonth,
    }),
    costLine({
      part,
      item: 'Dashboards',
      formula: 'one of the environment',
      quantity: 1,
      unit: 'dashboards',
      price: prices.dashboardMonth,
    }),
    ...(settings.tracing
      ? [
          costLine({
            part,
            item: 'X-Ray',
            formula: `${figure(tracedPerSecond(calls))} of ${figure(calls)} calls/s traced`,
            quantity: perMonth(tracedPerSecond(calls)),
            unit: 'traces',
            price: prices.trace,
          }),
        ]
      : []),
  ];
}

/** Whose code is rolled back by an alarm each, beside the transforms: ingest, serve, archive. */
const liveFunctions = 3;
/** Lambda's three lines, and one of metrics: bytes. */
const linesPerCall = 1_200;
/** A line of the HTTP API's access log. */
const accessLine = 350;
const logCompression = 0.15;
/** Those of lib/runtime/metric-names.ts that ingest and transform emit of a stream, and serve of what is read. */
const metricsOfStream = 25;
const metricsOfRead = 8;
/** The HTTP API's own, of its two routes. */
const metricsOfApi = 12;

/** Lambda's own rule: the first request of a second, and a twentieth of the others. */
const tracedPerSecond = (calls: number): number => Math.min(calls, 1 + 0.05 * Math.max(0, calls - 1));
