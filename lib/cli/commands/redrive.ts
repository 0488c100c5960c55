import { Command, Option } from 'commander';
import { type QuarantineReason, quarantineReasons } from '../../runtime/ports.ts';
import { redriveRemotely } from '../../runtime/redrive.ts';
import { formatCount, print, toJson } from '../format.ts';
import { RequestError } from '../keys.ts';
import { loadDefinitions } from '../load-definitions.ts';
import { loadDeployed } from '../load-deployed.ts';
import { type CommonOptions, type EnvironmentOptions, options } from '../options.ts';
import { askService, serviceAt } from '../service-client.ts';
import { withLocal } from '../with-local.ts';

interface RedriveCommandOptions extends CommonOptions, EnvironmentOptions {
  readonly stream?: string;
  readonly reason?: QuarantineReason;
  readonly all?: true;
  readonly url?: string;
}

export const redriveCommand = (): Command =>
  new Command('redrive')
    .description('put quarantined events into their stream anew, as if they arrived now')
    .argument('[id...]', 'as listed')
    .option('--stream <name>', 'of this stream; needed where the definitions have several')
    .addOption(new Option('--reason <reason>', 'all of this reason').choices([...quarantineReasons]))
    .option('--all', 'all of the stream')
    .option('--url <url>', 'by the service that listens there; it has the data directory open')
    .addOption(options.data())
    .addOption(options.features())
    .addOption(options.env())
    .addOption(options.profile())
    .addOption(options.json())
    .addOption(options.verbose())
    .addHelpText(
      'after',
      `
For events that the definitions take now, and did not then. Whatever is still wrong with one puts it back, under its
new position. Each goes in once, also when the command is interrupted and run again; into a deployed environment's stream
(--env) perhaps twice then, which counts once where the stream has an event id.

Examples:
  millrace quarantine redrive purchases/shard-000/1042/0
  millrace quarantine redrive --reason schema
  millrace quarantine redrive --all --stream purchases --url http://127.0.0.1:4600
  millrace quarantine redrive --reason schema --env dev`,
    )
    .action(async (ids: readonly string[], given: RedriveCommandOptions) => {
      const { stream, reason, all, url } = given;
      if ([ids.length > 0, reason !== undefined, all === true].filter(Boolean).length !== 1)
        throw new RequestError('say which events: their ids, --reason, or --all');
      const which = {
        ...(ids.length === 0 ? {} : { ids }),
        ...(reason === undefined ? {} : { reason }),
        ...(stream === undefined ? {} : { stream }),
      };
      if (given.env !== undefined) {
        const done = await redriveDeployed(given.env, given, which);
        if (given.json) return print(toJson(done));
        const failed = done.failed === 0 ? '' : `; ${formatCount(done.failed)} were not stored, and stay`;
        return print(`${formatCount(done.redriven)} redriven${failed}`);
      }
      if (url !== undefined) {
        const body = JSON.stringify({ ...which, stream: stream ?? (await onlyStream(url)) });
        const { redriven } = (await askService(serviceAt(url), '/v1/quarantine/redrive', {
          method: 'POST',
          body,
        })) as {
          readonly redriven: number;
        };
        print(given.json ? toJson({ redriven }) : `${formatCount(redriven)} redriven`);
        return;
      }
      const definitions = await loadDefinitions(given.features);
      const { redriven, counts } = await withLocal(given.data, definitions, local => local.redrive(which));
      if (given.json) return print(toJson({ redriven, counts }));
      const again = counts.bad + counts.late;
      print(
        `${formatCount(redriven)} redriven: ${formatCount(counts.accepted)} counted, ${formatCount(again)} set aside again`,
      );
    });

async function redriveDeployed(
  environment: string,
  where: EnvironmentOptions,
  { stream: name, ...which }: Pick<RedriveCommandOptions, 'stream' | 'reason'> & { ids?: readonly string[] },
) {
  const { openBucket, openEnvironment, producerOf } = await loadDeployed();
  const { deployment, activePlan } = await openEnvironment(environment, where);
  const { streams } = (await activePlan()).plan;
  const stream = streams.find(one => (name === undefined ? streams.length === 1 : one.name === name));
  if (stream === undefined)
    throw new RequestError(`say which stream with --stream: ${streams.map(s => s.name).join(', ')}`);
  return redriveRemotely({
    stream,
    quarantine: openBucket(deployment).quarantine,
    send: producerOf(deployment, stream.name),
    ...which,
  });
}

async function onlyStream(url: string): Promise<string> {
  const { streams } = (await askService(serviceAt(url), '/v1/status', { method: 'GET' })) as {
    readonly streams: readonly { readonly stream: string }[];
  };
  const [only, ...others] = streams;
  if (only === undefined || others.length > 0)
    throw new RequestError(`say which stream with --stream: ${streams.map(s => s.stream).join(', ')}`);
  return only.stream;
}
