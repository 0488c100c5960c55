import { Command, InvalidArgumentError } from 'commander';
import { serve } from '../../local/index.ts';
import { formatCount, note, print, toJson } from '../format.ts';
import { untilInterrupted } from '../interrupt.ts';
import { loadDefinitions } from '../load-definitions.ts';
import { type CommonOptions, options } from '../options.ts';

interface DevOptions extends CommonOptions {
  readonly port: number;
  readonly window: number;
  readonly shards?: number;
  readonly acceptRemoved?: true;
}

export const devCommand = (): Command =>
  new Command('dev')
    .description('run the service: events in and feature values out over HTTP, in one process')
    .addOption(options.port())
    .option('--window <ms>', 'how long an event waits for others, to be processed together', parseWindow, 200)
    .option('--accept-removed', 'let groups end that the definitions no longer have')
    .addOption(options.data())
    .addOption(options.features())
    .addOption(options.json())
    .addOption(options.verbose())
    .addHelpText(
      'after',
      `
POST /v1/events                one event, an array, or NDJSON; answered when it is durable on disk
POST /v1/features              feature values of a service or a group
POST /v1/quarantine/redrive    quarantined events once more
GET  /v1/status /health /ready /metrics /openapi.json

Ctrl-C stops it: what was accepted is processed first. The next start goes on where it stopped.

Examples:
  millrace dev
  millrace dev --port 8080 --data .millrace/live --features features/retail/index.ts`,
    )
    .action(async (given: DevOptions) => {
      const definitions = await loadDefinitions(given.features);
      await untilInterrupted(async signal => {
        const served = await serve({
          directory: given.data,
          definitions,
          create: true,
          port: given.port,
          windowMs: given.window,
          acceptRemoved: given.acceptRemoved ?? false,
          onError: error => note(`millrace: ${given.verbose ? stackOf(error) : String(error)}`),
        });
        if (given.json) print(toJson({ url: served.url, data: given.data }));
        else print(`Millrace listens at ${served.url} (data in ${given.data}); Ctrl-C stops it`);
        if (!signal.aborted) await new Promise(resolve => signal.addEventListener('abort', resolve));
        const before = await served.status();
        await served.stop();
        const accepted = before.streams.reduce((sum, stream) => sum + stream.received.accepted, 0);
        if (!given.json)
          print(`stopped; ${formatCount(accepted)} events were accepted, and all are processed`);
      }, 'when all that was accepted is processed');
    });

const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

function parseWindow(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('Write milliseconds, from 0 to 99999.');
  return Number(text);
}
