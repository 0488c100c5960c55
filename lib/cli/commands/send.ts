import { Command, InvalidArgumentError } from 'commander';
import { readLines } from '../../adapters/files/ndjson.ts';
import { openSource } from '../../adapters/files/open-source.ts';
import type { SourceBatch } from '../../runtime/source.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatCount, note, print, toJson } from '../format.ts';
import { untilInterrupted } from '../interrupt.ts';
import { RequestError } from '../keys.ts';
import { loadDeployed } from '../load-deployed.ts';
import { type EnvironmentOptions, options } from '../options.ts';
import { askService, type RunningService, ServiceError, serviceAt } from '../service-client.ts';

interface SendOptions extends EnvironmentOptions {
  readonly url?: string;
  readonly stream?: string;
  readonly batch: number;
  readonly json?: true;
}

export const sendCommand = (setExitCode: (code: number) => void): Command =>
  new Command('send')
    .description('send events to a running service, or to a deployed environment')
    .argument('[file]', 'NDJSON, also gzipped; standard input without it')
    .option('--stream <name>', 'the stream; needed where the service has several')
    .option('--batch <count>', 'events a request', parseBatch, 1_000)
    .addOption(options.url())
    .addOption(options.env())
    .addOption(options.profile())
    .addOption(options.json())
    .addOption(options.verbose())
    .addHelpText(
      'after',
      `
Every event that was accepted is durable when the command ends. While the service is behind, it waits. What a deployed
environment could not store in time is sent again; where it did not know whether it had, such an event is perhaps there
twice, and counts once only where the stream has an event id (dedupe). To send a file twice is safe there as well, if
less than its time lies between.

Examples:
  millrace send events.ndjson.gz
  tail -f events.ndjson | millrace send --batch 1 --url http://127.0.0.1:4600
  millrace send events.ndjson.gz --env dev --profile data-team`,
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
  const service = await serviceOf(given);
  const path = `/v1/events${given.stream === undefined ? '' : `?stream=${encodeURIComponent(given.stream)}`}`;
  let accepted = 0;
  let rejected = 0;
  const rejections: { row: number; message: string }[] = [];

  /** Sends rows, and again those that were not stored: as long as some of them are, it goes on. */
  const post = async (rows: readonly SentRow[]): Promise<void> => {
    const answer = (await askService(service, path, {
      method: 'POST',
      type: 'application/x-ndjson',
      body: Buffer.concat(rows.flatMap(row => [row.bytes, newline])),
      onWait: seconds => note(`the service is behind; going on in ${seconds} s`),
    })) as Answer;
    accepted += answer.accepted;
    rejected += answer.rejected;
    const failed: SentRow[] = [];
    for (const [i, event] of answer.events.entries()) {
      const row = rows[i] as SentRow;
      if (event.status === 'failed') failed.push(row);
      if (event.status === 'rejected' && rejections.length < 10)
        rejections.push({ row: row.number, message: event.message ?? '' });
    }
    if (failed.length === 0) return;
    if (failed.length === rows.length) {
      const message = answer.events.find(event => event.status === 'failed')?.message;
      throw new ServiceError(
        `${service.url} did not store ${failed.length} events, the first of row ${failed[0]?.number}: ${message}`,
      );
    }
    note(`${formatCount(failed.length)} events were not stored in time, and are sent again`);
    await post(failed);
  };

  for await (const { firstRow, rows } of file === undefined ? fromInput(signal) : fromFile(file)) {
    for (let from = 0; from < rows.length; from += given.batch) {
      if (signal.aborted) return { accepted, rejected, rejections, stopped: true };
      const batch = rows.slice(from, from + given.batch) as readonly Uint8Array[];
      await post(batch.map((bytes, i) => ({ bytes, number: firstRow + from + i })));
    }
  }
  return { accepted, rejected, rejections, stopped: signal.aborted };
}

async function serviceOf({ env, ...where }: SendOptions): Promise<RunningService> {
  if (env === undefined) return serviceAt(where.url);
  const { openEnvironment } = await loadDeployed();
  return (await openEnvironment(env, where)).service;
}

interface SentRow {
  readonly bytes: Uint8Array;
  /** Its place in the file. */
  readonly number: number;
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
