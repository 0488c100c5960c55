import { Command, InvalidArgumentError } from 'commander';
import { readLines } from '../../adapters/files/ndjson.ts';
import { openSource } from '../../adapters/files/open-source.ts';
import type { SourceBatch } from '../../runtime/source.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatCount, note, print, toJson } from '../format.ts';
import { untilInterrupted } from '../interrupt.ts';
import { RequestError } from '../keys.ts';
import { options } from '../options.ts';
import { askService } from '../service-client.ts';

interface SendOptions {
  readonly url: string;
  readonly stream?: string;
  readonly batch: number;
  readonly json?: true;
}

export const sendCommand = (setExitCode: (code: number) => void): Command =>
  new Command('send')
    .description('send events to a running service')
    .argument('[file]', 'NDJSON, also gzipped; standard input without it')
    .option('--stream <name>', 'the stream; needed where the service has several')
    .option('--batch <count>', 'events a request', parseBatch, 1_000)
    .addOption(options.url())
    .addOption(options.json())
    .addOption(options.verbose())
    .addHelpText(
      'after',
      `
Every event that was accepted is durable when the command ends. While the service is behind, it waits. To send a file
twice is safe where the stream drops copies (dedupe) and less than its time lies between.

Examples:
  millrace send events.ndjson.gz
  tail -f events.ndjson | millrace send --batch 1 --url http://127.0.0.1:4600`,
    )
    .action(async (file: string | undefined, given: SendOptions) => {
      const sent = await untilInterrupted(signal => send(file, given, signal), 'after the request in hand');
      if (given.json) print(toJson(sent));
      else print(describe(sent));
      if (sent.stopped) setExitCode(exitCodes.stopped);
      else if (sent.rejected > 0) setExitCode(exitCodes.failed);
    });

interface Sent {
  readonly accepted: number;
  readonly rejected: number;
  /** Reasons of the first few. */
  readonly rejections: readonly { readonly row: number; readonly message: string }[];
  readonly stopped: boolean;
}

async function send(file: string | undefined, given: SendOptions, signal: AbortSignal): Promise<Sent> {
  const path = `/v1/events${given.stream === undefined ? '' : `?stream=${encodeURIComponent(given.stream)}`}`;
  let accepted = 0;
  let rejected = 0;
  const rejections: { row: number; message: string }[] = [];

  const post = async (rows: readonly Uint8Array[], firstRow: number) => {
    const answer = (await askService(given.url, path, {
      method: 'POST',
      type: 'application/x-ndjson',
      body: Buffer.concat(rows.flatMap(row => [row, newline])),
      onWait: seconds => note(`the service is behind; going on in ${seconds} s`),
    })) as Answer;
    accepted += answer.accepted;
    rejected += answer.rejected;
    for (const [i, event] of answer.events.entries()) {
      if (event.status === 'rejected' && rejections.length < 10)
        rejections.push({ row: firstRow + i, message: event.message ?? '' });
    }
  };

  for await (const { firstRow, rows } of file === undefined ? fromInput(signal) : fromFile(file)) {
    for (let from = 0; from < rows.length; from += given.batch) {
      if (signal.aborted) return { accepted, rejected, rejections, stopped: true };
      await post(rows.slice(from, from + given.batch) as Uint8Array[], firstRow + from);
    }
  }
  return { accepted, rejected, rejections, stopped: signal.aborted };
}

const newline = Buffer.from('\n');

interface Answer {
  readonly accepted: number;
  readonly rejected: number;
  readonly events: readonly { readonly status: string; readonly message?: string }[];
}

async function* fromFile(path: string): AsyncGenerator<SourceBatch> {
  const source = await openSource(path, { format: 'ndjson' });
  try {
    if (source.columns !== null)
      throw new RequestError(`${path} is a table: send takes NDJSON, ingest reads it`);
    yield* source.batches(0);
  } finally {
    await source.close();
  }
}

async function* fromInput(signal: AbortSignal): AsyncGenerator<SourceBatch> {
  signal.addEventListener('abort', () => process.stdin.destroy());
  try {
    yield* readLines(process.stdin, 0);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function describe({ accepted, rejected, rejections }: Sent): string {
  const lines = [
    `${formatCount(accepted)} accepted${rejected > 0 ? `, ${formatCount(rejected)} rejected` : ''}`,
  ];
  for (const { row, message } of rejections) lines.push(`  row ${formatCount(row)}: ${message}`);
  return lines.join('\n');
}

function parseBatch(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('Write a whole number from 1 to 9999.');
  return Number(text);
}
