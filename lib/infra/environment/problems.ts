import { type Duration, secondsOf } from './duration.ts';
import type { EnvironmentSettings, FunctionSettings, StreamSettings, Throttle } from './settings.ts';
import { shapeProblems } from './shape.ts';

/** What is wrong with settings, a line each: `setting.path: what it is, and what it may be`. */
export function problemsOf(settings: EnvironmentSettings): readonly string[] {
  const shape = shapeProblems(settings);
  if (shape.length > 0) return shape;
  const problems: string[] = [];
  const report: Report = (setting, message) => problems.push(`${setting}: ${message}`);
  checkPlace(settings, report);
  checkData(settings, report);
  for (const [name, stream] of Object.entries(settings.streams)) checkStream(name, stream, settings, report);
  checkTables(settings, report);
  checkKept(settings, report);
  checkNetwork(settings, report);
  for (const [name, one] of Object.entries(settings.functions)) checkFunction(name, one, report);
  checkApi(settings, report);
  checkRollout(settings, report);
  checkAlarms(settings, report);
  checkPlatform(settings, report);
  return problems;
}

type Report = (setting: string, message: string) => void;

function checkPlace({ name, account, region, features, tags }: EnvironmentSettings, report: Report): void {
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(name))
    report('name', `'${name}': take up to 20 lower-case letters, digits and hyphens, a letter first`);
  if (account !== 'of-caller' && !/^\d{12}$/.test(account))
    report('account', `'${account}' is no account: twelve digits, or 'of-caller'`);
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(region)) report('region', `'${region}' is no region of AWS`);
  if (!/\.[mc]?ts$/.test(features)) report('features', `'${features}' is no TypeScript module`);
  for (const [key, value] of Object.entries(tags)) {
    if (/^(aws|millrace):/i.test(key) || key === '' || key.length > 128)
      report(`tags.${key}`, 'a key has 1 to 128 characters and does not begin with aws: or millrace:');
    if (value.length > 256) report(`tags.${key}`, `has ${value.length} characters: 256 are the most`);
  }
}

function checkData({ data, account }: EnvironmentSettings, report: Report): void {
  if (data.protected && account === 'of-caller')
    report(
      'account',
      "'of-caller' with data.protected: name the account, so that no other profile deploys over it",
    );
}

function checkStream(
  name: string,
  { source, retention, batch }: StreamSettings,
  { account, region }: EnvironmentSettings,
  report: Report,
): void {
  const at = `streams.${name}`;
  between(`${at}.retention`, retention, { hours: 24 }, { days: 365 }, report);
  between(`${at}.batch.window`, batch.window, { seconds: 0 }, { seconds: 300 }, report);
  wholeBetween(`${at}.batch.records`, batch.records, 1, 10_000, report);
  if (batch.records > 10 && secondsOf(batch.window) === 0)
    report(`${at}.batch.window`, 'is 0 s: Lambda needs 1 s or more for batches of more than 10 records');
  if (source.kind === 'provisioned') wholeBetween(`${at}.source.shards`, source.shards, 1, 10_000, report);
  if (source.kind !== 'existing') return;
  if (source.incarnation.trim() === '') report(`${at}.source.incarnation`, 'is empty: give this life a name');
  checkArn(`${at}.source.arn`, source.arn, 'kinesis', 'stream/', { account, region }, report);
  if (source.keyArn !== null)
    checkArn(`${at}.source.keyArn`, source.keyArn, 'kms', 'key/', { account, region }, report);
}

function checkTables({ tables }: EnvironmentSettings, report: Report): void {
  const { pointInTimeRecovery, warmThroughput } = tables;
  if (pointInTimeRecovery !== 'off')
    wholeBetween('tables.pointInTimeRecovery.days', pointInTimeRecovery.days, 1, 35, report);
  for (const [group, { writeUnitsPerSecond, readUnitsPerSecond }] of Object.entries(warmThroughput)) {
    const at = `tables.warmThroughput.${group}`;
    // A new on-demand table takes as much from the first moment; less is refused by DynamoDB.
    wholeBetween(`${at}.writeUnitsPerSecond`, writeUnitsPerSecond, 4_000, 1_000_000, report);
    wholeBetween(`${at}.readUnitsPerSecond`, readUnitsPerSecond, 12_000, 1_000_000, report);
  }
}

function checkKept({ archive, setAside, logs, streams }: EnvironmentSettings, report: Report): void {
  between('archive.every', archive.every, { minutes: 1 }, { minutes: 15 }, report);
  wholeBetween('archive.mebibytes', archive.mebibytes, 64, 128, report);
  const { infrequentAfter, keepFor } = archive;
  if (infrequentAfter !== 'never') {
    between('archive.infrequentAfter', infrequentAfter, { days: 30 }, { days: 36_500 }, report);
    if (keepFor !== 'ever' && secondsOf(keepFor) <= secondsOf(infrequentAfter))
      report('archive.keepFor', 'ends before archive.infrequentAfter begins');
  }
  if (keepFor !== 'ever') between('archive.keepFor', keepFor, { days: 1 }, { days: 36_500 }, report);
  between('setAside.keepFor', setAside.keepFor, { days: 1 }, { days: 3_650 }, report);
  for (const [name, { retention }] of Object.entries(streams)) {
    if (secondsOf(setAside.keepFor) < secondsOf(retention))
      report('setAside.keepFor', `is shorter than streams.${name}.retention: what fails must outlive it`);
  }
  const days = secondsOf(logs.keepFor) / 86_400;
  if (!logDays.includes(days))
    report('logs.keepFor', `is ${days} days: CloudWatch takes ${logDays.join(', ')}`);
}

/** What CloudWatch Logs takes. */
const logDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

function checkNetwork({ network, cache, key, account, region }: EnvironmentSettings, report: Report): void {
  if (cache.kind !== 'none' && network.kind === 'none')
    report('network', `is none, and cache is ${cache.kind}: a cache is reached in a network only`);
  if (network.kind !== 'none') {
    if (network.zones.length < 2) report('network.zones', 'has fewer than two: one zone may fail');
    for (const zone of network.zones) {
      if (!zone.startsWith(region)) report('network.zones', `'${zone}' is not in ${region}`);
    }
    if (new Set(network.zones).size < network.zones.length) report('network.zones', 'names a zone twice');
  }
  if (network.kind === 'existing') {
    if (!/^vpc-[0-9a-f]{8,17}$/.test(network.vpcId)) report('network.vpcId', `'${network.vpcId}' is no VPC`);
    if (network.subnetIds.length !== network.zones.length)
      report('network.subnetIds', `has ${network.subnetIds.length}: give one for each of network.zones`);
    for (const id of network.subnetIds) {
      if (!/^subnet-[0-9a-f]{8,17}$/.test(id)) report('network.subnetIds', `'${id}' is no subnet`);
    }
  }
  if (cache.kind === 'serverless') {
    wholeBetween('cache.mostGigabytes', cache.mostGigabytes, 1, 5_000, report);
    wholeBetween('cache.mostUnitsPerSecond', cache.mostUnitsPerSecond, 1_000, 15_000_000, report);
  }
  if (cache.kind === 'nodes') {
    if (!/^cache\.[a-z0-9]+\.[a-z0-9]+$/.test(cache.nodeType))
      report('cache.nodeType', `'${cache.nodeType}' is no type of node, such as cache.t4g.small`);
    wholeBetween('cache.replicas', cache.replicas, 1, 5, report);
  }
  if (key.kind === 'existing') checkArn('key.arn', key.arn, 'kms', 'key/', { account, region }, report);
}

function checkFunction(
  name: string,
  { memoryMebibytes, timeout, reserved }: FunctionSettings,
  report: Report,
): void {
  const at = `functions.${name}`;
  wholeBetween(`${at}.memoryMebibytes`, memoryMebibytes, 128, 10_240, report);
  const [least, most] = timeouts[name as keyof EnvironmentSettings['functions']];
  between(`${at}.timeout`, timeout, least, most, report);
  if (reserved !== null) wholeBetween(`${at}.reserved`, reserved, 1, 10_000, report);
}

/** Below them a function is ended while it still tries; an HTTP API waits for 29 s at most. */
const timeouts: Readonly<Record<keyof EnvironmentSettings['functions'], readonly [Duration, Duration]>> = {
  ingest: [{ seconds: 15 }, { seconds: 29 }],
  // A batch whose partition stays throttled is tried for 20 s, and then its failures are still to be told.
  transform: [{ seconds: 60 }, { minutes: 15 }],
  serve: [{ seconds: 3 }, { seconds: 29 }],
};

function checkApi({ api, streams }: EnvironmentSettings, report: Report): void {
  checkThrottle('api.events', api.events, report);
  checkThrottle('api.features', api.features, report);
  if (api.maxBehind === 'any') return;
  between('api.maxBehind', api.maxBehind, { minutes: 1 }, { days: 7 }, report);
  for (const [name, { retention }] of Object.entries(streams)) {
    if (secondsOf(api.maxBehind) >= secondsOf(retention))
      report('api.maxBehind', `is not shorter than streams.${name}.retention: events would be lost before`);
  }
}

function checkThrottle(at: string, { requestsPerSecond, burst }: Throttle, report: Report): void {
  wholeBetween(`${at}.requestsPerSecond`, requestsPerSecond, 1, 100_000, report);
  wholeBetween(`${at}.burst`, burst, 1, 100_000, report);
}

function checkRollout({ rollout }: EnvironmentSettings, report: Report): void {
  if (rollout.kind === 'at-once') return;
  wholeBetween('rollout.percent', rollout.percent, 1, 99, report);
  if (rollout.kind === 'canary') between('rollout.wait', rollout.wait, { minutes: 1 }, { days: 2 }, report);
  else between('rollout.every', rollout.every, { minutes: 1 }, { days: 2 }, report);
}

function checkAlarms({ alarms, data, account, region }: EnvironmentSettings, report: Report): void {
  for (const email of alarms.emails) {
    if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email)) report('alarms.emails', `'${email}' is no address`);
  }
  for (const arn of alarms.topicArns)
    checkArn('alarms.topicArns', arn, 'sns', '', { account, region }, report);
  if (data.protected && alarms.emails.length + alarms.topicArns.length === 0)
    report('alarms', 'has no receiver, and data.protected is true: somebody has to hear of failures');
}

function checkPlatform({ platform, cache, rollout, data }: EnvironmentSettings, report: Report): void {
  if (platform !== 'ministack') return;
  if (cache.kind !== 'none')
    report('cache', `is ${cache.kind}: on ministack nothing would answer, take none`);
  if (rollout.kind !== 'at-once') report('rollout', `is ${rollout.kind}: ministack has no CodeDeploy`);
  if (data.protected) report('data.protected', 'is true: ministack keeps nothing when it ends');
}

function checkArn(
  at: string,
  arn: string,
  service: string,
  resource: string,
  { account, region }: Pick<EnvironmentSettings, 'account' | 'region'>,
  report: Report,
): void {
  const match = /^arn:aws[a-z-]*:([a-z]+):([a-z0-9-]+):(\d{12}):(.+)$/.exec(arn);
  if (match === null || match[1] !== service || !match[4]!.startsWith(resource)) {
    report(at, `'${arn}' is no ARN of the form arn:aws:${service}:${region}:ACCOUNT:${resource}NAME`);
    return;
  }
  if (match[2] !== region) report(at, `is in ${match[2]}, and region is ${region}`);
  if (account !== 'of-caller' && match[3] !== account)
    report(at, `is of account ${match[3]}, and account is ${account}`);
}

function between(at: string, value: Duration, least: Duration, most: Duration, report: Report): void {
  const seconds = secondsOf(value);
  if (Number.isInteger(seconds) && seconds >= secondsOf(least) && seconds <= secondsOf(most)) return;
  report(at, `is ${textOf(value)}: it may be ${textOf(least)} to ${textOf(most)}`);
}

function wholeBetween(at: string, value: number, least: number, most: number, report: Report): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  report(at, `is ${value}: it may be a whole number from ${least} to ${most}`);
}

const textOf = (duration: Duration): string =>
  Object.entries(duration)
    .map(([unit, n]) => `${n} ${unit}`)
    .join(' ');
