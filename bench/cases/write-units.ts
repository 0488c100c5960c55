import { type Arrival, createFeed } from '../../features/feed/generator/index.ts';
import feed from '../../features/feed/index.ts';
import { createUnitCountingStore, type UnitCounts } from '../../lib/infra/cost/unit-counting-store.ts';
import { compileDecoder, compileGroup, isRejection, type StreamPlan } from '../../lib/kernel/index.ts';
import type { Quarantine } from '../../lib/runtime/ports.ts';
import { type RowLimits, tableOf } from '../../lib/runtime/rows.ts';
import { createTransform } from '../../lib/runtime/transform.ts';
import { createFeedBatches } from '../feed-batches.ts';
import type { Benchmark, Result } from '../result.ts';

/**
 * What the feed's rows cost in write units (one for each started KB of an item written, runs and failed conditions
 * included), when the real transform takes 1,000 events a second from one shard in windows of some seconds. A quarter
 * of a day's people are counted on: 100,000 users with some 16 sessions a day, of forty events in four minutes.
 *
 * Beforehand they used the feed for two days, thinly, and then for a while at the full rate: rows have tiles of
 * many hours, runs, and ids to remember. The design that it is compared with (`share`) updates every group's row for
 * each event, and never writes more than 1 KB.
 *
 * Counts, not times: a loaded machine changes nothing.
 */
export const writeUnits: Benchmark = async ({ shrink, progress }) => {
  const world = createWorld();
  const users = Math.ceil(100_000 / shrink);
  const feedFrom = (start: number, eventsPerSecond: number) =>
    createFeed({
      seed: 1,
      users,
      items: 50_000,
      authors: 5_000,
      start,
      eventsPerSecond: eventsPerSecond / shrink,
    });

  const begin = evening - fill;
  progress('write-units: two days of history');
  await world.run(feedFrom(begin - 2 * day, 3), { until: begin, windowMs: 5 * minute });
  const live = feedFrom(begin, 1000 / eveningRhythm);
  progress('write-units: filling rows at the full rate');
  await world.run(live, { until: evening, windowMs: 10_000 });
  world.take();

  const results: Result[] = [];
  let until = evening;
  for (const seconds of [60, 10, 5, 1]) {
    progress(`write-units: a window of ${seconds} s`);
    until += measured;
    await world.run(live, { until, windowMs: seconds * 1000 });
    results.push(...resultsOf(seconds, world.take()));
  }
  return results;
};

const minute = 60_000;
const day = 24 * 60 * minute;
const evening = Date.UTC(2026, 0, 5, 18);
/** How many more events than a day's mean the generator brings at that time. */
const eveningRhythm = 1.34;
const fill = 10 * minute;
const measured = 2 * minute;

/** A head, its key and the twelve bytes beside them (unit-counting-store.ts) come to 1 KB. */
const limits: RowLimits = { headBytes: 1000, runBytes: 128 * 1024 };
const stream = feed.plan.streams[0] as StreamPlan;
const userGroup = 'user_engagement';

interface Measured {
  readonly accepted: number;
  /** Rows that the design compared with would have written. */
  readonly perEvent: number;
  readonly tables: ReadonlyMap<string, UnitCounts>;
}

function createWorld() {
  const store = createUnitCountingStore();
  let now = 0;
  const none = () => Promise.reject(new Error('the transform only puts'));
  const quarantine: Quarantine = { put: async () => {}, list: none, get: none, remove: none, count: none };
  const transform = createTransform({
    ...feed,
    stream: stream.name,
    incarnation: 'bench',
    store,
    quarantine,
    unapplied: { put: async () => {} },
    clock: { now: () => now },
    limits,
  });
  const rowsOf = rowCounter();
  const batches = createFeedBatches();
  let accepted = 0;
  let perEvent = 0;

  /** Gives the transform what arrives until a time, a window after the other. */
  async function run(feed: Iterator<Arrival>, window: { until: number; windowMs: number }) {
    for (const { shard, records, arrivals, now: end } of batches(feed, window)) {
      now = end;
      accepted += (await transform({ shard, records })).accepted;
      for (const arrival of arrivals) perEvent += rowsOf(arrival);
    }
  }

  function take(): Measured {
    const taken = { accepted, perEvent, tables: store.take() };
    accepted = 0;
    perEvent = 0;
    return taken;
  }

  return { run, take };
}

/** In how many groups an event changes a row; none for copies and bad events. */
function rowCounter(): (arrival: Arrival) => number {
  const decode = compileDecoder(stream);
  const kernels = feed.plan.groups.map(group => compileGroup(feed.plan, group, feed.functions));
  return ({ kind, event, arrivalTime }) => {
    if (kind === 'copy' || kind === 'bad') return 0;
    const decoded = decode(event, arrivalTime, { shard: '', sequence: 0, index: 0 });
    if (isRejection(decoded)) return 0;
    return kernels.filter(kernel => kernel.takes(decoded)).length;
  };
}

function resultsOf(seconds: number, { accepted, perEvent, tables }: Measured): Result[] {
  const id = `write-units.${seconds}s`;
  const isGoal = seconds === 5;
  const all = [...tables.values()];
  const sum = (of: (counts: UnitCounts) => number): number => all.reduce((total, one) => total + of(one), 0);
  const units = sum(one => one.units);
  const rows = sum(one => one.rows);
  const perGroup = feed.plan.groups.flatMap((group): Result[] => {
    const counts = tables.get(tableOf(group));
    if (counts === undefined) return [];
    const { units: own, rows: written, runUnits } = counts;
    const note = `${(own / written).toFixed(3)} a row, of which runs ${(runUnits / written).toFixed(3)}`;
    const goal = isGoal && group.name === userGroup ? { goal: 1.3, lower: true as const } : {};
    return [{ id: `${id}.${group.name}`, value: own / accepted, unit: 'units/event', ...goal, note }];
  });
  return [
    ...perGroup,
    {
      id: `${id}.row`,
      value: units / rows,
      unit: 'units/row written',
      ...(isGoal ? { goal: 1.05, lower: true } : {}),
      note: `${(rows / accepted).toFixed(2)} rows an event`,
    },
    {
      id: `${id}.share`,
      value: units / accepted / feed.plan.groups.length,
      unit: 'of one unit an event and group',
      ...(isGoal ? { goal: 0.4, lower: true } : {}),
      note: `${(units / perEvent).toFixed(2)} of one that leaves out rows which an event does not change`,
    },
  ];
}
