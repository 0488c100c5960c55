import { describe, expect, test } from 'vitest';
import { arrivalBytes, createFeed } from '../../../features/feed/generator/index.ts';
import { createRandom } from '../../../features/feed/generator/random.ts';
import { createZipf } from '../../../features/feed/generator/zipf.ts';
import feed from '../../../features/feed/index.ts';
import {
  count,
  definitions,
  entity,
  featureGroup,
  stream,
  string,
  timestamp,
} from '../../../lib/define/index.ts';
import { measureSample, type SampleEvent } from '../../../lib/infra/cost/measure-sample.ts';
import { progressReads } from '../../../lib/infra/cost/row-lines.ts';
import { groupLoads } from '../../../lib/infra/cost/traffic.ts';
import { unitsOnTheWire } from './wire.ts';

const start = Date.UTC(2026, 0, 5, 18);
const minute = 60_000;

describe('the row model, and the units that a DynamoDB says it took', () => {
  test('from a sample of the feed: the minute after it', { timeout: 60_000 }, async () => {
    const batching = { shards: 1, batchSeconds: 5 };
    const events = feedEvents(20, 2 * minute);
    const sampleEnd = start + 1.25 * minute;
    const sample = events.filter(({ arrivalTime }) => arrivalTime < sampleEnd);

    const { groups } = await measureSample({ ...feed, stream: 'interactions', events: sample, batching });
    const wire = await unitsOnTheWire(feed, 'interactions', events, batching, sampleEnd);

    const expected = (of: (group: (typeof groups)[string]) => number): number =>
      wire.events * Object.values(groups).reduce((sum, group) => sum + of(group), 0);
    expect(wire.events).toBeGreaterThan(800);
    const writes = expected(group => group.writtenPerEvent * group.writeUnitsPerRow);
    expect(apart(wire.write, writes)).toBeLessThan(0.05);
    const reads = expected(group => group.writtenPerEvent * group.readUnitsPerRow);
    expect(apart(wire.read, reads)).toBeLessThan(0.05);
    expect(wire.progressWrite).toBe(wire.batches);
    // The active Plan is read by the function.
    const progress = wire.batches * (progressReads(feed.plan.groups.length) - 1);
    expect(apart(wire.progressRead, progress)).toBeLessThan(0.05);
  });

  test('from rates alone: users in sessions, videos by Zipf’s law, two shards', {
    timeout: 60_000,
  }, async () => {
    const traffic = {
      eventsPerSecond: { plays: 40 },
      entities: { user: 1_000_000, video: 300 },
      spread: { user: { gapSeconds: 5 }, video: { skew: 1 } },
      bytesPerEvent: 60,
      eventsPerRequest: 1,
      readsPerSecond: 0,
      entitiesPerRead: 1,
    };
    const batching = { shards: 2, batchSeconds: 5 };
    const wire = await unitsOnTheWire(plays, 'plays', playEvents(), batching, start);

    const loads = groupLoads(plays.plan, 'plays', traffic, batching);
    const rowsPerEvent = loads.reduce((sum, load) => sum + load.rowsPerSecond, 0) / 40;
    expect(loads.map(load => load.group.name)).toEqual(['by_user', 'by_video']);
    expect(rowsPerEvent).toBeLessThan(1.3);
    expect(apart(wire.write / wire.events, rowsPerEvent)).toBeLessThan(0.05);
  });
});

function feedEvents(eventsPerSecond: number, milliseconds: number): SampleEvent[] {
  const options = { seed: 1, users: 2_000, items: 1_000, authors: 100, start, eventsPerSecond, steady: true };
  const events: SampleEvent[] = [];
  for (const arrival of createFeed(options)) {
    const { arrivalTime, event } = arrival;
    if (arrivalTime >= start + milliseconds) break;
    events.push({ arrivalTime, partitionKey: event.user, data: arrivalBytes(arrival) });
  }
  return events;
}

const playStream = stream('plays', {
  schema: { user: string(), video: string(), ts: timestamp() },
  eventTime: 'ts',
  key: 'user',
});
const user = entity('user', { keys: { user: string() } });
const video = entity('video', { keys: { video: string() } });
const features = () => ({ plays: count().over('1h') });
const plays = definitions({
  groups: [
    featureGroup('by_user', { entity: user, from: playStream, features }),
    featureGroup('by_video', { entity: video, from: playStream, features }),
  ],
  services: [],
});

/** 200 users at a time have an event every 5 s each, and leave after a minute; of 300 videos some are popular. */
function playEvents(): SampleEvent[] {
  const random = createRandom(1, 'plays');
  const videos = createZipf(300, 1);
  const events: SampleEvent[] = [];
  for (let time = start; ; ) {
    time += random.exponential(25);
    if (time > start + minute) return events;
    const arrivalTime = Math.floor(time);
    const user = `u${random.below(200)}`;
    const data = Buffer.from(JSON.stringify({ user, video: `v${videos(random)}`, ts: arrivalTime }));
    events.push({ arrivalTime, partitionKey: user, data });
  }
}

/** By which share one is more or less than the other. */
const apart = (actual: number, expected: number): number => Math.abs(actual / expected - 1);
