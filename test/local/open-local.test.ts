import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { definitions } from '../../lib/define/index.ts';
import { type LiveStream, openLocal, storedPlanAt } from '../../lib/local/index.ts';
import visits, { pageGroup, visitorGroup } from '../cli/visits.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const hour = 3_600_000;
const start = Date.UTC(2020, 0, 1);

/** One view an hour by the same user. */
const events = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => {
    const id = from + i;
    return `${JSON.stringify({ id, ts: start + id * hour, user: 'u', page: '1', kind: 'view', ms: 1 })}\n`;
  }).join('');

function setUp(content: string) {
  const folder = temporaryDirectory();
  const path = join(folder, 'visits.ndjson');
  writeFileSync(path, content);
  const open = async (options: { now?: number; shards?: number; logRetention?: number } = {}) => {
    const local = await openLocal({
      directory: join(folder, 'data'),
      definitions: visits,
      create: true,
      durability: 'os',
      ...(options.now === undefined ? {} : { clock: { now: () => options.now! } }),
      ...(options.shards === undefined ? {} : { shards: options.shards }),
      ...(options.logRetention === undefined ? {} : { logRetention: options.logRetention }),
    });
    onTestFinished(() => local.close());
    return local;
  };
  return { folder, path, open };
}

const valuesOf = async (
  local: Awaited<ReturnType<typeof openLocal>>,
  at: { asOf?: number } = {},
): Promise<Record<string, unknown>> => {
  const { asOf, entities } = await local.readGroup('visitor', [{ user: 'u' }], at);
  return { asOf, ...entities[0]!.values };
};

describe('replayed history', () => {
  test('is read as of its last moment, in later runs too', async () => {
    const { path, open } = setUp(events(100));
    const local = await open();
    await local.ingest(path, { replay: true });
    const expected = { asOf: start + 99 * hour + 1, visits_lifetime: 100, visits_1h: 2 };
    expect(await valuesOf(local)).toMatchObject(expected);
    await local.close();
    expect(await valuesOf(await open())).toMatchObject(expected);
  });

  test('can be looked at on the way', async () => {
    const { path, open } = setUp(events(100));
    const local = await open();
    const seen: unknown[] = [];
    const times = [start + 10 * hour, start + 10 * hour + 1, start + 50 * hour];
    const run = async (asOf: number) => void seen.push((await valuesOf(local, { asOf })).visits_lifetime);
    await local.ingest(path, { replay: true, pauses: { times, run } });
    expect(seen).toEqual([10, 11, 50]);
  });

  test('keeps its time when set-aside events are sent again', async () => {
    const { path, open } = setUp(`${events(5)}{"id":"no visit"}\n${events(5, 5)}`);
    const local = await open();
    await local.ingest(path, { replay: true });
    const before = await valuesOf(local);
    expect(await local.redrive({})).toMatchObject({ redriven: 1, counts: { bad: 1 } });
    expect(await valuesOf(local)).toEqual(before);
    expect(before).toMatchObject({ asOf: start + 9 * hour + 1, visits_1h: 2 });
  });

  test('and live events do not share a data directory', async () => {
    const { path, open } = setUp(events(10));
    const local = await open({ now: start + 10 * hour });
    await local.ingest(path, { replay: true });
    await expect(local.ingest(path)).rejects.toThrow('holds replayed history: ingest with --replay');
  });

  test('may follow an attempt that brought no events', async () => {
    const { folder, path, open } = setUp(events(10));
    const local = await open();
    const csv = join(folder, 'visits.csv');
    writeFileSync(csv, 'when,who\n1,2\n');
    await expect(local.ingest(csv)).rejects.toThrow('visits.csv has no column for id, ts');
    expect(await local.ingest(path, { replay: true })).toMatchObject({ rows: 10 });
    expect(local.timeline).toBe('replay');
  });
});

describe('live events', () => {
  test('arrive now, and are read as of now', async () => {
    const { path, open } = setUp(events(10));
    const local = await open({ now: start + 20 * hour });
    await local.ingest(path);
    expect(await valuesOf(local)).toMatchObject({
      asOf: start + 20 * hour,
      visits_lifetime: 10,
      visits_1h: 0,
    });
    await expect(local.ingest(path, { replay: true })).rejects.toThrow('holds events that arrived live');
  });

  test('of the future are set aside', async () => {
    const { path, open } = setUp(events(10));
    const local = await open({ now: start + 4 * hour });
    const { counts } = await local.ingest(path);
    expect(counts).toMatchObject({ accepted: 5, late: 5 });
    expect(await local.quarantine.count()).toEqual(new Map([['future', 5]]));
  });
});

test('any number of shards gives the same values', async () => {
  const all = [];
  for (const shards of [1, 3]) {
    const { path, open } = setUp(events(200));
    const local = await open({ shards });
    await local.ingest(path, { replay: true, batchEvents: 37 });
    all.push(await valuesOf(local));
  }
  expect(all[1]).toEqual(all[0]);
});

test('retention keeps what reads need', async () => {
  const { path, open } = setUp(events(1_000));
  const local = await open();
  await local.ingest(path, { replay: true });
  const before = await valuesOf(local);
  await local.retain();
  expect(await valuesOf(local)).toEqual(before);
  expect(await local.drain()).toMatchObject({ accepted: 0, skipped: 0 });
});

test('processed events leave the log after the time that was asked for', async () => {
  const { path, open } = setUp(events(10));
  const options = { now: start + 10 * hour, logRetention: hour };
  const local = await open(options);
  await local.ingest(path);
  const [{ log }] = (await local.goLive()) as [LiveStream];
  const kept = async () => (await log.read(log.shards[0]!, null, 100)).length;
  options.now += hour;
  await local.retain();
  expect(await kept()).toBe(10);
  options.now += 1;
  await local.retain();
  expect(await kept()).toBe(0);
});

test('a second opening of the directory is refused, and closing frees it', async () => {
  const { open } = setUp('');
  const local = await open();
  await expect(open()).rejects.toMatchObject({ name: 'DataDirectoryError', reason: 'in-use' });
  await local.close();
  await local.close();
  await expect(open()).resolves.toBeDefined();
});

describe('definitions and what a data directory holds', () => {
  const without = (group: string) => ({ groups: [visitorGroup, pageGroup].filter(g => g.name !== group) });

  test('reading by other definitions changes nothing', async () => {
    const { folder, path, open } = setUp(events(10));
    const first = await open();
    await first.ingest(path, { replay: true });
    await first.close();
    const directory = join(folder, 'data');
    const other = await openLocal({ directory, definitions: definitions(without('visitor_page')) });
    await valuesOf(other);
    await other.close();
    expect((await storedPlanAt(directory))?.hash).toBe(visits.plan.hash);
  });

  test('a group does not end by accident, and does not come back under its version', async () => {
    const { folder, path, open } = setUp(events(10));
    const first = await open();
    await first.ingest(path, { replay: true });
    await first.close();
    const directory = join(folder, 'data');
    const fewer = { directory, definitions: definitions(without('visitor_page')) };

    const careless = await openLocal(fewer);
    await expect(careless.ingest(path, { replay: true })).rejects.toMatchObject({
      name: 'GroupRemovedError',
      groups: ['visitor_page'],
    });
    await careless.close();
    const deliberate = await openLocal({ ...fewer, acceptRemoved: true });
    await deliberate.ingest(path, { replay: true });
    await deliberate.close();

    await expect(open()).rejects.toThrow(/visitor_page: version 1 was taken out once.*raise version to 2/s);
  });
});
