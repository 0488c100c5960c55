import type { Freshness } from '../live/freshness.ts';
import { withLive } from '../live/running.ts';
import { type Benchmark, median, type Result } from '../result.ts';

/**
 * The whole feed at 10,000 events a second, steadily, as a client sees it over HTTP: how long after an event was
 * acknowledged its features can be read (`freshness.*`, bench/live/freshness.ts says how that is watched), and, while
 * this goes on, how long reads and acknowledgements take.
 */
export const freshness: Benchmark = async ({ runs, shrink, progress }) => {
  const measured: Freshness[] = [];
  for (let run = 0; run < runs; run++) {
    progress(`freshness: run ${run + 1} of ${runs}`);
    measured.push(await measure(run + 1, shrink));
  }
  const of = (figure: (one: Freshness) => number): number => median(measured.map(figure));
  const ms = (id: string, figure: (one: Freshness) => number, more: Partial<Result> = {}): Result => ({
    id: `freshness.${id}`,
    value: of(figure),
    unit: 'ms',
    ...more,
  });
  const refused = of(one => one.failed);
  return [
    ms('p50', one => one.freshness.p50),
    ms('p99', one => one.freshness.p99, {
      goal: windowMs + 100,
      lower: true,
      note: `window ${windowMs} ms; then the batch's transform, which shares its thread${refused > 0 ? `; ${refused} REQUESTS REFUSED` : ''}`,
    }),
    ms('read.p50', one => one.read.p50),
    ms('read.p99', one => one.read.p99, {
      note: 'one user, all of a group, behind the transform of a table',
    }),
    ms('accepted.p99', one => one.accepted.p99, { note: '100 events a request, to durable on disk' }),
  ];
};

const windowMs = 200;

const measure = (seed: number, shrink: number): Promise<Freshness> =>
  withLive({ definitions: 'feed', windowMs }, async ({ url, client }) => {
    const ask = (seconds: number) =>
      client.ask('freshness', { url, eventsPerSecond: 10_000 / shrink, seconds: seconds / shrink, seed });
    await ask(10);
    return ask(20);
  });
