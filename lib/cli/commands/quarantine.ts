import { Command, Option } from 'commander';
import { formatTimestamp } from '../../kernel/timestamp.ts';
import { type QuarantinedEvent, type QuarantineReason, quarantineReasons } from '../../runtime/ports.ts';
import { formatCount, formatTable, print, toJson } from '../format.ts';
import { RequestError } from '../keys.ts';
import { type CommonOptions, type EnvironmentOptions, options, wholeNumber } from '../options.ts';
import { withSetAside } from '../with-set-aside.ts';
import { redriveCommand } from './redrive.ts';

export const quarantineCommand = (): Command =>
  new Command('quarantine')
    .description('look at events that were set aside')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(redriveCommand())
    .addHelpText(
      'after',
      `
Reasons:
  not-json, bad-encoding, too-large   the line is no event
  schema, no-key                      the event does not fit its stream
  too-old, late, future               its time is before the stream began, past all windows, or ahead of its arrival

Examples:
  millrace quarantine list
  millrace quarantine list --reason schema --limit 100 --json
  millrace quarantine show purchases/shard-000/1042/0
  millrace quarantine redrive --reason schema
  millrace quarantine list --env prod`,
    );

interface ListOptions extends CommonOptions, EnvironmentOptions {
  readonly stream?: string;
  readonly reason?: QuarantineReason;
  readonly limit: number;
}

const listCommand = (): Command =>
  new Command('list')
    .description('list quarantined events, oldest first, and count them by reason')
    .option('--stream <name>', 'of this stream only')
    .addOption(new Option('--reason <reason>', 'for this reason only').choices([...quarantineReasons]))
    .option('--limit <count>', 'at most so many', wholeNumber, 20)
    .addOption(options.data())
    .addOption(options.features())
    .addOption(options.env())
    .addOption(options.profile())
    .addOption(options.json())
    .addOption(options.verbose())
    .action(async (given: ListOptions) => {
      const { stream, reason, limit } = given;
      if (limit > longestTable && !given.json) {
        throw new RequestError(
          `--limit ${limit}: at most ${longestTable} are shown as a table; more go with --json`,
        );
      }
      return withSetAside(given, async ({ quarantine }) => {
        const counts = await quarantine.count();
        const events = await quarantine.list({
          ...(stream === undefined ? {} : { stream }),
          ...(reason === undefined ? {} : { reason }),
          limit,
        });
        if (given.json) {
          print(toJson({ counts: Object.fromEntries(counts), events: events.map(forMachines) }));
          return;
        }
        if (counts.size === 0) return print('Nothing is quarantined.');
        print([...counts].map(([name, count]) => `${formatCount(count)} ${name}`).join(', '));
        const rows = events.map(event => [
          event.id,
          event.reason,
          formatTimestamp(event.arrivalTime),
          event.detail,
        ]);
        print(formatTable(['id', 'reason', 'arrived', 'detail'], rows));
      });
    });

/** Longer ones take the table package seconds, and nobody reads them. */
const longestTable = 1_000;

const showCommand = (): Command =>
  new Command('show')
    .description('show a quarantined event whole')
    .argument('<id>', 'as listed')
    .addOption(options.data())
    .addOption(options.features())
    .addOption(options.env())
    .addOption(options.profile())
    .addOption(options.json())
    .addOption(options.verbose())
    .action(async (id: string, given: CommonOptions & EnvironmentOptions) =>
      withSetAside(given, async ({ quarantine }) => {
        const event = await quarantine.get(id);
        if (event === null)
          throw new RequestError(`no quarantined event has the id ${id}: see millrace quarantine list`);
        if (given.json) return print(toJson(forMachines(event)));
        print(`${event.id}\nreason   ${event.reason}\ndetail   ${event.detail}`);
        print(
          `arrived  ${formatTimestamp(event.arrivalTime)}\n\n${forTerminals(Buffer.from(event.payload).toString('utf8'))}`,
        );
      }),
    );

/** What an event holds must not move the reader's cursor or recolour the screen. */
const forTerminals = (text: string): string =>
  text.replace(/(?![\n\t])\p{Cc}/gu, c => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);

/** The payload as text, and as base64 where text would not say exactly what the bytes are. */
function forMachines({ payload, ...event }: QuarantinedEvent & { readonly id: string }) {
  const bytes = Buffer.from(payload);
  const text = bytes.toString('utf8');
  return {
    ...event,
    payload: text,
    ...(Buffer.from(text).equals(bytes) ? {} : { payloadBase64: bytes.toString('base64') }),
  };
}
