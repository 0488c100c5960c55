import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { arrivalBytes, createFeed } from '../../features/feed/generator/index.ts';
import { defaultLimits } from '../../lib/service/limits.ts';
import { withLive } from '../live/running.ts';
import { type Benchmark, median, type Result } from '../result.ts';

/**
 * Events of the feed from an NDJSON file over HTTP, 1,000 a request on four connections, while the transform runs:
 * how many a second become durable (`ingest.*`: from the opening of the file to the last answer) and are processed
 * (`*.processed`: to the moment when nothing waits), and how many waited at most. The file has five times as many
 * events as may wait, so that no burst that is only taken, not processed, can make the rate.
 *
 * Client and service are two processes on one machine. What they measure is the whole of it: HTTP, parsing, the log
 * on disk, the transform, RocksDB's background work, and the client.
 */
export const ingest: Benchmark = async ({ runs, shrink, progress }) => {
  const results: Result[] = [];
  const events = Math.ceil((5 * defaultLimits.eventsBehind) / shrink);
  const cases = [
    { definitions: 'engagement', goal: 50_000, what: 'one group of nine features, with event ids' },
    { definitions: 'feed', goal: undefined, what: 'the whole feed, six groups' },
  ] as const;
  for (const { definitions, goal, what } of cases) {
    const id = `ingest.${definitions}`;
    const measured: Measured[] = [];
    for (let run = 0; run < runs; run++) {
      progress(`${id}: run ${run + 1} of ${runs}`);
      measured.push(await measure(definitions, events, run + 1));
    }
    const of = (figure: (one: Measured) => number): number => median(measured.map(figure));
    results.push(
      {
        id,
        value: of(one => one.durable),
        unit: 'events/s',
        ...(goal === undefined ? {} : { goal }),
        note: `${what}; one thread does all, and the transform most of it`,
      },
      { id: `${id}.processed`, value: of(one => one.processed), unit: 'events/s' },
      {
        id: `${id}.thread`,
        value: of(one => one.thread),
        unit: 'µs/event',
        note: 'processor time of the thread that does all: what remains when nothing else runs',
      },
      {
        id: `${id}.lag`,
        value: Math.max(...measured.map(one => one.lag)),
        unit: 'events',
        goal: defaultLimits.eventsBehind,
        lower: true,
        note: `the most that waited in any run; 429 was answered ${of(one => one.refusals)} times`,
      },
    );
  }
  return results;
};

interface Measured {
  readonly durable: number;
  readonly processed: number;
  readonly lag: number;
  readonly thread: number;
  readonly refusals: number;
}

const measure = (definitions: 'engagement' | 'feed', events: number, seed: number): Promise<Measured> =>
  withLive({ definitions }, async ({ url, folder, service, client, caughtUp }) => {
    const warmUp = join(folder, 'warm-up.ndjson');
    const file = join(folder, 'events.ndjson');
    await writeFeed(warmUp, Math.ceil(events / 4), seed);
    await writeFeed(file, events, seed + 1_000);
    await client.ask('sendFile', { url, path: warmUp });
    await caughtUp();

    const before = await service.ask('cpu');
    const started = performance.now();
    const sent = await client.ask('sendFile', { url, path: file });
    await caughtUp();
    const seconds = (performance.now() - started) / 1000;
    const { most } = await service.ask('lag');
    const after = await service.ask('cpu');
    return {
      durable: sent.events / sent.seconds,
      processed: sent.events / seconds,
      lag: most,
      thread: (after.thread - before.thread) / sent.events,
      refusals: sent.refusals,
    };
  });

/** The usual feed, its copies, late and bad events included; it ends now. */
async function writeFeed(path: string, events: number, seed: number): Promise<void> {
  const eventsPerSecond = 10_000;
  const start = Date.now() - Math.ceil((1000 * events) / eventsPerSecond);
  const size = { users: 100_000, items: 50_000, authors: 5_000 };
  const feed = createFeed({ ...size, seed, start, eventsPerSecond });
  const lines = Array.from({ length: events }, () => arrivalBytes(feed.next().value));
  await writeFile(path, Buffer.concat(lines.flatMap(line => [line, newline])));
}

const newline = Buffer.from('\n');
