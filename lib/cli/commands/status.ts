import { Command } from 'commander';
import type { ServiceStatus } from '../../service/service.ts';
import { formatCount, formatTable, print, toJson } from '../format.ts';
import { loadDeployed } from '../load-deployed.ts';
import { type EnvironmentOptions, options } from '../options.ts';
import { askService, serviceAt } from '../service-client.ts';

export const statusCommand = (): Command =>
  new Command('status')
    .description('show how a running service stands, or a deployed environment')
    .addOption(options.url())
    .addOption(options.env())
    .addOption(options.profile())
    .addOption(options.json())
    .addOption(options.verbose())
    .addHelpText(
      'after',
      `
Counts are since the service was started. Behind is what is durable and not processed yet; fresh is the time from an
event's arrival until its features can be read (median, and all but the slowest in a hundred). Of a deployed
environment (--env) counts are CloudWatch's of the last hour, which come a few minutes late.

Examples:
  millrace status
  millrace status --json
  millrace status --env prod`,
    )
    .action(async (given: StatusOptions) => {
      if (given.env !== undefined) {
        const { openEnvironment, environmentStatus, describeEnvironment } = await loadDeployed();
        const found = await environmentStatus(await openEnvironment(given.env, given));
        return print(given.json ? toJson(found) : describeEnvironment(found));
      }
      const status = (await askService(serviceAt(given.url), '/v1/status', {
        method: 'GET',
      })) as ServiceStatus;
      print(given.json ? toJson(status) : describe(status));
    });

interface StatusOptions extends EnvironmentOptions {
  readonly url?: string;
  readonly json?: true;
}

function describe({ ready, streams, quarantined, unapplied }: ServiceStatus): string {
  const rows = streams.map(({ stream, received, processed, behind, freshness }) => [
    stream,
    ...[received.accepted, received.rejected, processed.counted, processed.skipped, processed.late].map(
      formatCount,
    ),
    ...[processed.bad, behind].map(formatCount),
    freshness === null ? '' : `${freshness.p50} / ${freshness.p99} ms`,
  ]);
  const head = ['stream', 'accepted', 'rejected', 'counted', 'skipped', 'late', 'bad', 'behind', 'fresh'];
  const listed = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).map(([reason, count]) => `${formatCount(count)} ${reason}`);
  return [
    ready ? 'ready' : 'not ready',
    formatTable(head, rows),
    ...streams.flatMap(({ stream, error }) => (error === null ? [] : [`${stream}: ${error}`])),
    `in quarantine: ${listed(quarantined).join(', ') || 'nothing'}`,
    ...(Object.keys(unapplied).length === 0 ? [] : [`unapplied: ${listed(unapplied).join(', ')}`]),
  ].join('\n');
}
