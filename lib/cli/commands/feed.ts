import { Command, InvalidArgumentError } from 'commander';
import { serve } from '../../local/index.ts';
import { print, toJson } from '../format.ts';
import { untilInterrupted } from '../interrupt.ts';
import { createDisplay } from '../live/display.ts';
import { loadLiveExample } from '../live/example.ts';
import { closingText } from '../live/report.ts';
import { runLive } from '../live/run.ts';
import { options } from '../options.ts';

interface FeedOptions {
  readonly rate: number;
  readonly seconds?: number;
  readonly events?: number;
  readonly port: number;
  readonly data: string;
  readonly json?: true;
}

export const feedCommand = (): Command =>
  new Command('feed')
    .description('run the service with a feed of short videos, and watch features change as events arrive')
    .option('--rate <count>', 'events a second', parseCount(20_000), 800)
    .option('--seconds <count>', 'end by itself after that time', parseCount(1_000_000))
    .option('--events <count>', 'end by itself when so many are sent', parseCount(1_000_000_000))
    .addOption(options.port())
    .option('--data <directory>', 'where the log, the rows and the quarantine are kept', '.millrace/feed')
    .addOption(options.json())
    .addOption(options.verbose())
    .addHelpText(
      'after',
      `
A generator sends events of now to the service over HTTP, as any client can meanwhile; some are late, some sent twice,
some bad. A screen shows rates, freshness (from an event's arrival until its features can be read), what became of the
events, and the features of a few users. Where there is no terminal, it is a line a second.

Ctrl-C stops it when all that was accepted is processed, and the next start goes on from there. To begin anew:
millrace reset --data .millrace/feed

With --json the last state is printed as one document, and the lines go to stderr.

Examples:
  millrace feed
  millrace feed --rate 5000 --port 8080
  millrace feed --seconds 10 --json`,
    )
    .action(async (given: FeedOptions) => {
      await untilInterrupted(signal => feed(given, signal), 'when all that was accepted is processed');
    });

async function feed(given: FeedOptions, interrupted: AbortSignal): Promise<void> {
  const { data, port, json = false } = given;
  const example = await loadLiveExample();
  const display = createDisplay(example, data, { json });
  // What is written from then on belongs on the terminal as it was.
  interrupted.addEventListener('abort', display.close);
  const served = await serve({
    directory: data,
    definitions: example.definitions,
    create: true,
    port,
    logRetention,
    onError: display.error,
  });
  try {
    display.open(served);
    const last = await runLive({ ...given, example, served, show: display.show, interrupted });
    display.close();
    await served.stop();
    print(json ? toJson(last) : closingText(example, data, last));
  } finally {
    display.close();
    await served.stop();
  }
}

/** Nobody replays the example's events, and a forgotten terminal is not to fill the disk. */
const logRetention = 3_600_000;

const parseCount =
  (most: number) =>
  (text: string): number => {
    const count = Number(text);
    if (!/^\d{1,10}$/.test(text) || count < 1 || count > most)
      throw new InvalidArgumentError(`Write a whole number from 1 to ${most}.`);
    return count;
  };
