import { readStreamMetrics, type StreamMetrics } from '../../adapters/aws/stream-metrics.ts';
import { formatTimestamp } from '../../kernel/timestamp.ts';
import { namespaceOf } from '../../runtime/metric-names.ts';
import { formatCount, formatTable } from '../format.ts';
import type { DeployedEnvironment } from './environment.ts';
import { openBucket } from './events.ts';

export interface EnvironmentStatus {
  readonly environment: string;
  readonly region: string;
  readonly url: string;
  readonly plan: { readonly hash: string; readonly activatedAt: string };
  readonly streams: readonly ({ readonly stream: string } & StreamMetrics)[];
  /** By reason, of all time. */
  readonly quarantined: Readonly<Record<string, number>>;
}

/** How a deployed environment stands: its active Plan, its streams' last hour, what is set aside. */
export async function environmentStatus({
  deployment,
  activePlan,
}: DeployedEnvironment): Promise<EnvironmentStatus> {
  const { environment, region, apiUrl, streams } = deployment;
  const to = new Date();
  const from = new Date(to.getTime() - 3_600_000);
  const namespace = namespaceOf(environment);
  const [{ activation }, quarantined, ...metrics] = await Promise.all([
    activePlan(),
    openBucket(deployment).quarantine.count(),
    ...[...streams].map(async ([stream, streamName]) => ({
      stream,
      ...(await readStreamMetrics({ namespace, stream, streamName, from, to })),
    })),
  ]);
  return {
    environment,
    region,
    url: apiUrl,
    plan: { hash: activation.plan, activatedAt: formatTimestamp(activation.activatedAt) },
    streams: metrics,
    quarantined: Object.fromEntries(quarantined),
  };
}

export function describeEnvironment(status: EnvironmentStatus): string {
  const { environment, region, url, plan, streams, quarantined } = status;
  const count = (value: number | null): string => (value === null ? '–' : formatCount(value));
  const time = (ms: number | null): string => (ms === null ? '–' : `${(ms / 1000).toFixed(1)} s`);
  const rows = streams.map(({ stream, ...of }) => [
    stream,
    ...[of.accepted, of.folded, of.skipped, of.late, of.bad, of.unapplied].map(count),
    time(of.iteratorAgeMs),
    time(of.freshnessMs),
  ]);
  const head = ['last hour', 'accepted', 'counted', 'skipped', 'late', 'bad', 'unapplied', 'behind', 'fresh'];
  const reasons = Object.entries(quarantined).map(([reason, n]) => `${formatCount(n)} ${reason}`);
  return [
    `${environment} in ${region}, ${url}`,
    `Plan ${plan.hash}, active since ${plan.activatedAt}`,
    formatTable(head, rows),
    `in quarantine: ${reasons.join(', ') || 'nothing'}`,
  ].join('\n');
}
