import { Command } from 'commander';
import type { ServiceStatus } from '../../service/service.ts';
import { formatCount, formatTable, print, toJson } from '../format.ts';
import { options } from '../options.ts';
import { askService } from '../service-client.ts';

export const statusCommand = (): Command =>
  new Command('status')
    .description('show how a running service stands')
    .addOption(options.url())
    .addOption(options.json())
    .addOption(options.verbose())
    .addHelpText(
      'after',
      `
Counts are since the service was started. Behind is what is durable and not processed yet; fresh is the time from an
event's arrival until its features can be read (median, and all but the slowest in a hundred).

Examples:
  millrace status
  millrace status --json`,
    )
    .action(async (given: { readonly url: string; readonly json?: true }) => {
      const status = (await askService(given.url, '/v1/status', { method: 'GET' })) as ServiceStatus;
      print(given.json ? toJson(status) : describe(status));
    });

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
