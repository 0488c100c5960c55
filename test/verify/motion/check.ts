import { setImmediate } from 'node:timers/promises';
import { type Arrival, arrivalBytes } from '../../../features/feed/generator/index.ts';
import { createRandom, type Random } from '../../../features/feed/generator/random.ts';
import feed from '../../../features/feed/index.ts';
import { type CompiledDefinitions, type ServeOptions, serve } from '../../../lib/local/index.ts';
import { clientOf, ndjson } from '../../service/client.ts';
import { differences } from './compare.ts';
import { createLedger, type EntityKey, groupNames, keyOf } from './ledger.ts';
import { addMismatch, emptyReport, type MotionReport, miscounted } from './report.ts';
import { openRows, type Peek } from './rows.ts';
import { boundaryAt, createSource } from './source.ts';

export interface MotionOptions {
  /** For the service's data; must not exist. */
  readonly directory: string;
  readonly seed: number;
  /** How many vectors are to be compared: all features of an entity of one group each. */
  readonly vectors: number;
  /** For tests of this check: what is served in place of the feed's definitions, and faults under it. */
  readonly definitions?: CompiledDefinitions;
  readonly wrapStore?: NonNullable<ServeOptions['wrapStore']>;
  readonly onProgress?: (report: MotionReport) => void;
}

/**
 * Parity in motion. The feed flows over HTTP into a service whose clock is the feed's, so that weeks pass in minutes and
 * windows open and close; meanwhile entities of every group are read over HTTP, and each value is compared with the
 * oracle's, at the answer's own time, over the events that the row held when it was read (rows.ts says how that is known).
 */
export async function checkMotion(options: MotionOptions): Promise<MotionReport> {
  const { seed, vectors, definitions = feed, wrapStore = store => store } = options;
  const random = createRandom(seed, 'motion');
  const source = createSource(seed, vectors * eventsPerVector, random);
  const service = await serve({
    directory: options.directory,
    definitions,
    create: true,
    port: 0,
    shards: 3,
    windowMs: 1,
    durability: 'os',
    clock: source.clock,
    // So that many requests are served in the middle of a batch.
    wrapStore: inner => slowed(wrapStore(inner), random),
  });
  const { post, caughtUp } = clientOf(service.url);
  const rows = await openRows(service.local, definitions);
  const ledger = createLedger();
  const report = emptyReport(ledger.counts);

  async function send(arrivals: readonly Arrival[]): Promise<void> {
    const lines = arrivals.flatMap(arrival => [arrivalBytes(arrival), newline]);
    const { status, json, text } = await post('/v1/events', Buffer.concat(lines), { 'content-type': ndjson });
    if (status !== 200) throw new Error(`sending events: ${status} ${text}`);
    report.sent += arrivals.length;
    report.refused += json.rejected;
  }

  /**
   * Some of the entities that events are just coming for, some whose events windows stop seeing about now, some of all,
   * and now and then one that nobody knows.
   */
  function choose(group: string, arrivals: readonly Arrival[]): readonly EntityKey[] {
    const known = ledger.entities(group);
    const boundary = boundaryAt(source.clock.now());
    const leaving = boundary === null ? [] : ledger.leaving(group, boundary);
    const chosen = new Map<string, EntityKey>();
    for (let i = 0; i < vectorsPerRequest; i++) {
      const draw = random.next();
      const some = draw < 0.3 && leaving.length > 0 ? leaving : known;
      const key =
        draw < 0.02 || (draw < 0.6 && some.length === 0)
          ? keyOf(group, unknownEvent)
          : draw < 0.6
            ? some[random.below(some.length)]!
            : keyOf(group, arrivals[random.below(arrivals.length)]!.event);
      chosen.set(JSON.stringify(key), key);
    }
    return [...chosen.values()];
  }

  /** Reads entities of a group at some moment of the next batches; before and after, what is stored of them. */
  async function read(arrivals: readonly Arrival[]): Promise<Reading> {
    const group = groupNames[random.below(groupNames.length)]!;
    const entities = choose(group, arrivals);
    for (let turns = random.below(longestWait); turns > 0; turns--) await setImmediate();
    const before = await rows.peek(group, entities);
    const { status, json, text } = await post('/v1/features', JSON.stringify({ group, entities }));
    if (status !== 200) throw new Error(`reading ${group}: ${status} ${text}`);
    return { group, entities, before, answer: json, after: await rows.peek(group, entities) };
  }

  function compare({ group, entities, before, answer, after }: Reading, now: number): void {
    const names: readonly string[] = answer.features;
    let newest = Number.NEGATIVE_INFINITY;
    let isStable = true;
    for (const [i, key] of entities.entries()) {
      const { version, cut, isAhead, hasRuns } = before[i]!;
      // Versions are never used twice: the answer came from this row.
      if (version !== after[i]!.version) {
        report.passedOver++;
        isStable = false;
        continue;
      }
      const events = ledger.events(group, key, cut);
      for (const { time } of events) newest = Math.max(newest, time);
      const { status, values } = answer.entities[i]!;
      const found = [
        ...differences(
          group,
          Object.fromEntries(names.map((name, n) => [name, values[n]])),
          events,
          answer.asOf,
        ),
      ];
      const expected = events.length === 0 ? 'unknown' : 'known';
      if (status !== expected) found.push({ feature: '(status)', read: status, expected });
      report.vectors++;
      report.values += names.length;
      if (isAhead) report.midBatch++;
      if (hasRuns) report.spilled++;
      if (events.length === 0) report.unknown++;
      if (boundaryAt(now) !== null) report.onBoundary++;
      if (found.length > 0) addMismatch(report, `${group} ${JSON.stringify(key)}`, answer.asOf, found);
    }
    // DESIGN, rule 2: the later of the clock and the newest event of all rows read + 1 ms.
    const asOf = Math.max(now, newest + 1);
    if (isStable ? answer.asOf !== asOf : answer.asOf < asOf)
      addMismatch(report, group, answer.asOf, [{ feature: '(asOf)', read: answer.asOf, expected: asOf }]);
  }

  try {
    while (report.vectors < vectors) {
      const arrivals = source.next();
      const now = source.clock.now();
      const readings = Array.from({ length: arrivals.length === 0 ? 0 : readers }, () => read(arrivals));
      const [, ...answers] = await Promise.all([send(arrivals), ...readings]);
      for (const entry of await rows.follow()) ledger.add(entry);
      for (const answer of answers) {
        compare(answer, now);
        // The service goes on between two comparisons.
        await setImmediate();
      }
      report.span = now - source.start;
      options.onProgress?.(report);
    }
    await caughtUp();
    const { streams, quarantined } = await service.status();
    const { counted, skipped } = streams[0]!.processed;
    report.miscounted.push(...miscounted({ counted, copy: skipped, ...quarantined }, ledger.counts));
    return report;
  } finally {
    await service.stop();
  }
}

interface Reading {
  readonly group: string;
  readonly entities: readonly EntityKey[];
  readonly before: readonly Peek[];
  // biome-ignore lint/suspicious/noExplicitAny: JSON
  readonly answer: any;
  readonly after: readonly Peek[];
}

const eventsPerVector = 2.5;
const readers = 4;
const vectorsPerRequest = 12;
/** Turns of the event loop: a read waits for at most about as many as the batches of a round take. */
const longestWait = 120;
const longestWrite = 12;
const newline = Buffer.from('\n');
const unknownEvent = { user: 'nobody', item: 'nothing', author: 'nobody' };

type Store = Parameters<NonNullable<ServeOptions['wrapStore']>>[0];

/** A store whose writes take some turns of the event loop, as they do where it is further away. */
function slowed(store: Store, random: Random): Store {
  const pause = async () => {
    for (let turns = random.below(longestWrite); turns > 0; turns--) await setImmediate();
  };
  return {
    ...store,
    async write(table, writes) {
      await pause();
      const outcomes = await store.write(table, writes);
      await pause();
      return outcomes;
    },
  };
}
