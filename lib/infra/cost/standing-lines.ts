import { secondsOf } from '../environment/index.ts';
import { type CostLine, costLine, figure } from './cost-line.ts';
import { hoursPerMonth, prices, secondsPerMonth } from './prices.ts';
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
  const gigabytes = (calls * linesPerCall + requests * accessLine) * (secondsPerMonth / 1024 ** 3);
  const logDays = secondsOf(settings.logs.keepFor) / 86_400;
  const alarms = streams.length * 10 + 8;
  const metrics =
    streams.length * metricsOfStream + (plan.groups.length + plan.services.length) * metricsOfRead;
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
      formula: `${streams.length} streams × ${metricsOfStream} + ${plan.groups.length + plan.services.length} groups and services × ${metricsOfRead}`,
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
            quantity: tracedPerSecond(calls) * secondsPerMonth,
            unit: 'traces',
            price: prices.trace,
          }),
        ]
      : []),
  ];
}

/** Lambda's three lines, and one of metrics: bytes. */
const linesPerCall = 1_200;
/** A line of the HTTP API's access log. */
const accessLine = 350;
const logCompression = 0.15;
const metricsOfStream = 20;
const metricsOfRead = 6;

/** Lambda's own rule: the first request of a second, and a twentieth of the others. */
const tracedPerSecond = (calls: number): number => Math.min(calls, 1 + 0.05 * Math.max(0, calls - 1));
