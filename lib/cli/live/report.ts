import type { FoundStream } from '../../local/index.ts';
import { bold, dim, formatCount, formatTable } from '../format.ts';
import type { LiveColumn, LiveExample } from './example.ts';
import type { LiveEntity, Snapshot } from './watcher.ts';

/** The whole screen. Values that have changed since the snapshot before stand out. */
export function screenLines(
  example: LiveExample,
  data: string,
  now: Snapshot,
  before: Snapshot | null,
): string[] {
  const { url, rates, stream, seconds } = now;
  const { received, processed, behind, freshness, error } = stream;
  return [
    `${bold('Millrace')} · ${example.title} · ${bold(url)} · ${formatDuration(seconds)}`,
    dim(foundNote(now.found, now.startedAt, data)),
    '',
    ...figures([
      ['received', `${formatCount(rates.received)}/s`],
      ['processed', `${formatCount(rates.processed)}/s`],
      ['behind', formatCount(behind)],
      ['fresh p50', freshness === null ? '–' : `${freshness.p50} ms`],
      ['fresh p99', freshness === null ? '–' : `${freshness.p99} ms`],
    ]),
    ...figures([
      ['counted', formatCount(processed.counted)],
      ['duplicate', formatCount(processed.skipped)],
      ['late', formatCount(processed.late)],
      ['bad', formatCount(processed.bad)],
      ['refused', formatCount(received.rejected)],
    ]),
    `${dim('in quarantine')} ${quarantineNote(now.quarantined)}`,
    '',
    ...entityTable(example, now.entities, before?.entities ?? []).split('\n'),
    '',
    dim('Ask it from another terminal:'),
    `  curl -s ${url}/v1/features -H content-type:application/json \\`,
    `    -d '${JSON.stringify({ service: example.service, entities: example.entities.slice(0, 1) })}'`,
    `  curl -s ${url}/metrics`,
    error === null ? dim('Ctrl-C stops it; the next start goes on from there.') : bold(`error: ${error}`),
  ];
}

/** One line, for where there is no terminal. */
export function progressLine(
  { columns }: LiveExample,
  { seconds, rates, stream, entities }: Snapshot,
): string {
  const { processed, behind, freshness, error } = stream;
  const [first] = entities;
  const [column] = columns;
  return [
    `${Math.round(seconds)} s: ${formatCount(rates.received)}/s in, ${formatCount(rates.processed)}/s processed`,
    `${formatCount(behind)} behind`,
    freshnessNote(freshness),
    `${formatCount(processed.late)} late, ${formatCount(processed.skipped)} duplicate, ${formatCount(processed.bad)} bad`,
    ...(first === undefined || column === undefined
      ? []
      : [`${nameOf(first)} ${column.title}: ${cellOf(first, column)}`]),
    ...(error === null ? [] : [`error: ${error}`]),
  ].join(' · ');
}

/** What there is to say at the start. */
export const openingLine = (example: LiveExample, url: string, data: string, found: FoundStream): string =>
  `Millrace · ${example.title} · ${url} · ${foundNote(found, Date.now(), data)}`;

/** What there is to say at the end, once all is processed. */
export function closingText(example: LiveExample, data: string, last: Snapshot): string {
  const { seconds, stream, found, quarantined, entities } = last;
  const { received, processed, freshness } = stream;
  return [
    '',
    entityTable(example, entities, []),
    '',
    `Stopped after ${formatDuration(seconds)}: ${formatCount(received.accepted)} events taken` +
      ` (${formatCount(Math.round(received.accepted / seconds))}/s), all processed`,
    `  ${formatCount(processed.counted)} counted, ${formatCount(processed.skipped)} duplicate,` +
      ` ${formatCount(processed.late)} late, ${formatCount(processed.bad)} bad, ${formatCount(received.rejected)} refused`,
    `  ${freshnessNote(freshness)}`,
    `  ${formatCount(found.events + received.accepted)} events in ${data} in all`,
    `  in quarantine ${quarantineNote(quarantined)}`,
    'The next start goes on from there.',
  ].join('\n');
}

function entityTable(
  { columns }: LiveExample,
  entities: readonly LiveEntity[],
  before: readonly LiveEntity[],
): string {
  const keys = Object.keys(entities[0]?.key ?? {}).join(', ');
  const rows = entities.map((entity, i) => [
    nameOf(entity),
    ...columns.map(column => {
      const past = before[i];
      const text = cellOf(entity, column);
      return past === undefined || cellOf(past, column) === text ? text : bold(text);
    }),
  ]);
  return formatTable([keys, ...columns.map(({ title }) => title)].map(dim), rows);
}

/** Of an entity that no event is known of there is nothing to say, though its counts are 0. */
const cellOf = ({ status, values }: LiveEntity, { feature, text }: LiveColumn): string =>
  status === 'known' ? text(values[feature]) : status === 'unknown' ? '–' : 'failed';

const nameOf = ({ key }: LiveEntity): string => Object.values(key).join(', ');

/** Titles over numbers, in columns that stay where they are. */
const figures = (cells: readonly (readonly [title: string, value: string])[]): string[] => [
  dim(cells.map(([title]) => title.padStart(12)).join(' ')),
  bold(cells.map(([, value]) => value.padStart(12)).join(' ')),
];

function foundNote({ events, latestArrival, behind }: FoundStream, startedAt: number, data: string): string {
  if (latestArrival === null) return `data in ${data}, begun anew`;
  const since = formatDuration((startedAt - latestArrival) / 1000);
  const waiting = behind === 0 ? '' : `; ${formatCount(behind)} were still to be processed`;
  return `data in ${data}, going on after ${formatCount(events)} events, the last ${since} before${waiting}`;
}

const freshnessNote = (freshness: Snapshot['stream']['freshness']): string =>
  freshness === null ? 'nothing fresh yet' : `fresh after ${freshness.p50} ms (p99 ${freshness.p99} ms)`;

function quarantineNote(quarantined: Snapshot['quarantined']): string {
  const entries = Object.entries(quarantined).sort(([, a], [, b]) => b - a);
  if (entries.length === 0) return 'nothing';
  const total = entries.reduce((sum, [, count]) => sum + count, 0);
  return `${formatCount(total)}: ${entries.map(([reason, count]) => `${formatCount(count)} ${reason}`).join(', ')}`;
}

function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [days, hours, minutes] = [86_400, 3_600, 60].map(unit => Math.floor(whole / unit)) as [
    number,
    number,
    number,
  ];
  if (days > 1) return `${days} days`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}
