import { Command, Option } from 'commander';
import { day } from '../../kernel/time.ts';
import { type Local, type LocalIngestOptions, openLocal } from '../../local/index.ts';
import type { IngestReport } from '../../runtime/ingest.ts';
import { type SourceFormat, sourceFormats } from '../../runtime/source.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatCount, formatSeconds, note, print, toJson } from '../format.ts';
import { untilInterrupted } from '../interrupt.ts';
import { loadDefinitions } from '../load-definitions.ts';
import { type CommonOptions, collect, options } from '../options.ts';
import { createProgress } from '../progress.ts';
import { closeAfter } from '../with-local.ts';

interface IngestCommandOptions extends CommonOptions {
  readonly stream?: string;
  readonly map?: readonly string[];
  readonly replay?: true;
  readonly format?: SourceFormat;
  readonly restart?: true;
  readonly keepEmpty?: true;
  readonly acceptRemoved?: true;
}

export const ingestCommand = (setExitCode: (code: number) => void): Command =>
  new Command('ingest')
    .description('read files of events into a stream, and update the features they count in')
    .argument('<file...>', 'NDJSON, CSV with a header (both also gzipped), or Parquet')
    .option('--stream <name>', 'the stream to read into; needed where the definitions have several')
    .option(
      '--map <field=column>',
      'where a field comes from, when not from its own name (repeatable; see below)',
      collect,
    )
    .option(
      '--replay',
      'let each event arrive at its own time: for history. Events must be in order of time, over all files',
    )
    .addOption(
      new Option('--format <format>', 'instead of what content and name say').choices([...sourceFormats]),
    )
    .option('--restart', 'begin at the first row, though the file was read before')
    .option('--keep-empty', 'take an empty cell of a CSV file as empty text, not as null')
    .option('--accept-removed', 'let groups end that the definitions no longer have')
    .addOption(options.data())
    .addOption(options.features())
    .addOption(options.json())
    .addOption(options.verbose())
    .addHelpText(
      'after',
      `
Mappings:
  --map user=customer_id     the field user is the column (or JSON member) customer_id
  --map 'line=$line'         the field line is the number of the row, from 1 in every file
  --map country==UK          the field country is the text UK

The cells of a table are typed by the stream's schema: in a CSV file the field qty: int takes 12 from "12".
Events that do not fit are quarantined with the reason and never stop the file: see millrace quarantine --help.

Ingest remembers its place in each file with the events themselves. After Ctrl-C, a crash or a broken file the same
command goes on after the last row that is in; a file that has grown is read from where it ended.

Live or replayed is settled by a data directory's first ingest. Live events arrive now: those older than the longest
window are late. With --replay history is counted as if it happened again, and reads answer for its last moment.

Examples:
  millrace ingest events.ndjson.gz --replay
  millrace ingest sales-*.csv --replay --map user=customer_id --map 'line=$line'
  millrace ingest day.parquet --stream purchases --data /var/lib/millrace --json`,
    )
    .action(async (files: readonly string[], given: IngestCommandOptions) => {
      const reports: IngestReport[] = [];
      try {
        await ingestFiles(files, given, reports);
      } catch (error) {
        // What is in is told, though a later file cannot be opened.
        if (reports.length > 0) printReports(reports, given);
        throw error;
      }
      printReports(reports, given);
      if (!given.replay && reports.some(isHistory)) {
        note(
          'note: these events are old, and arrived only now. To count history as it happened, ingest it with --replay',
        );
        note('into another data directory (--data)');
      }
      const broken = reports.find(report => report.outcome === 'broken');
      if (broken) note(`millrace: ${broken.error!.message}`);
      setExitCode(isStopped(reports) ? exitCodes.stopped : broken ? exitCodes.failed : exitCodes.done);
    });

const isStopped = (reports: readonly IngestReport[]): boolean => reports.at(-1)?.outcome === 'stopped';

function printReports(reports: readonly IngestReport[], { json, data }: IngestCommandOptions): void {
  if (json) print(toJson({ stopped: isStopped(reports), files: reports.map(withoutError) }));
  else for (const report of reports) print(describeReport(report, data));
}

/** Adds a report for each file that was read. */
async function ingestFiles(
  files: readonly string[],
  given: IngestCommandOptions,
  reports: IngestReport[],
): Promise<void> {
  const definitions = await loadDefinitions(given.features);
  return untilInterrupted(async signal => {
    const local = await openLocal({
      directory: given.data,
      definitions,
      create: true,
      acceptRemoved: given.acceptRemoved ?? false,
      secondThread: {},
    });
    await closeAfter(local, async () => {
      for (const file of files) {
        const progress = createProgress(file);
        const settings: LocalIngestOptions = {
          ...(given.stream === undefined ? {} : { stream: given.stream }),
          ...(given.format === undefined ? {} : { format: given.format }),
          map: given.map ?? [],
          replay: given.replay ?? false,
          restart: given.restart ?? false,
          keepEmpty: given.keepEmpty ?? false,
          signal,
          onProgress: progress.update,
        };
        const report = await local.ingest(file, settings).finally(progress.stop);
        reports.push(report);
        await explain(local, report, settings.map ?? []);
        if (report.outcome !== 'complete') break;
      }
      await local.retain();
    });
  });
}

/** Says on stderr what a person would otherwise have to find out: why nothing counted, or why too little did. */
async function explain(
  local: Pick<Local, 'plan' | 'quarantine'>,
  { counts, stream, source }: IngestReport,
  map: readonly string[],
): Promise<void> {
  if (counts.accepted === 0 && counts.bad > 0) {
    const [first] = await local.quarantine.list({ stream, limit: 1 });
    if (first !== undefined)
      note(`${source}: none of its events fits stream ${stream}. The first: ${first.detail}`);
  }
  const id = local.plan.streams.find(s => s.name === stream)?.dedupe?.by;
  if (counts.skipped > 0 && map.includes(`${id}=$line`)) {
    note(
      `${source}: ${formatCount(counts.skipped)} events were left out as repeated. Their id, ${id}, is the number of ` +
        'the row, which another file has too: map a column that tells events of all files apart',
    );
  }
}

/** Nothing in it is of the last month: most windows do not see it. */
const isHistory = ({ newestEventTime }: IngestReport): boolean =>
  newestEventTime !== null && newestEventTime < Date.now() - 30 * day;

const withoutError = ({ error, ...report }: IngestReport) => ({
  ...report,
  ...(error === undefined ? {} : { error: { name: error.name, message: error.message } }),
});

/** What a person wants to know of one file: what became of its events, and how to go on. */
export function describeReport(report: IngestReport, data: string): string {
  const { source, stream, counts, rows, resumedAfter, milliseconds } = report;
  const lastRow = resumedAfter + rows;
  const rate = formatCount(Math.round((rows / Math.max(milliseconds, 1)) * 1000));
  const lines: string[] = [];
  if (report.outcome === 'complete' && rows === 0 && resumedAfter > 0) {
    lines.push(
      `${source}: nothing new; its ${formatCount(resumedAfter)} rows are in (--restart reads them again)`,
    );
  } else {
    const after = resumedAfter > 0 ? ` after row ${formatCount(resumedAfter)}` : '';
    lines.push(
      `${source}: ${formatCount(rows)} rows${after} into ${stream} in ${formatSeconds(milliseconds)} (${rate}/s)`,
    );
  }
  const parts = [
    `${formatCount(counts.accepted)} counted`,
    ...(counts.skipped > 0 ? [`${formatCount(counts.skipped)} repeated and left out`] : []),
    ...(counts.bad > 0 ? [`${formatCount(counts.bad)} bad`] : []),
    ...(counts.late > 0 ? [`${formatCount(counts.late)} late`] : []),
  ];
  if (rows > 0) lines.push(`  ${parts.join(', ')}`);
  if (counts.bad + counts.late > 0) lines.push(`  quarantined ones: millrace quarantine list --data ${data}`);
  if (report.outcome === 'stopped') {
    lines.push(`  stopped at row ${formatCount(lastRow)}: run the same command to go on`);
  }
  return lines.join('\n');
}
