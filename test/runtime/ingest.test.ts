import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { openSource } from '../../lib/adapters/files/open-source.ts';
import { openDataDirectory } from '../../lib/adapters/rocksdb/data-directory.ts';
import { createEventLog } from '../../lib/adapters/rocksdb/event-log.ts';
import type { StreamPlan } from '../../lib/kernel/plan.ts';
import { type IngestOptions, ingest } from '../../lib/runtime/ingest.ts';
import type { Source } from '../../lib/runtime/source.ts';
import { noCounts } from '../../lib/runtime/transform-result.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const stream: StreamPlan = {
  name: 'visits',
  schema: [
    { name: 'id', type: { kind: 'int' } },
    { name: 'ts', type: { kind: 'timestamp' } },
    { name: 'user', type: { kind: 'string' } },
  ],
  eventTime: 'ts',
  key: ['user'],
  since: 0,
};

const event = (id: number, ts = id * 1000) => `${JSON.stringify({ id, ts, user: `u${id % 7}` })}\n`;
const events = (count: number, from = 1) => Array.from({ length: count }, (_, i) => event(from + i)).join('');

/** A log in a directory of its own, and what has been put into it. */
async function openLog({ shards = 3, now = 1_000_000_000 } = {}) {
  const directory = await openDataDirectory(join(temporaryDirectory(), 'data'), { create: true });
  const log = await createEventLog(directory, {
    stream: 'visits',
    shards,
    clock: { now: () => now },
    durability: 'os',
  });
  const contents = async () => {
    const records = (await Promise.all(log.shards.map(shard => log.read(shard, null, 1_000_000)))).flat();
    return records
      .map(({ data, arrivalTime }) => ({ ...JSON.parse(Buffer.from(data).toString()), arrivalTime }))
      .sort((a, b) => a.id - b.id);
  };
  const run = async (path: string, options: Partial<IngestOptions> = {}) => {
    const source = await openSource(path);
    try {
      return await ingest({ source, stream, log, drain: async () => noCounts, batchEvents: 100, ...options });
    } finally {
      await source.close();
    }
  };
  return { log, contents, run };
}

function file(content: string | Uint8Array, name = 'visits.ndjson'): string {
  const path = join(temporaryDirectory(), name);
  writeFileSync(path, content);
  return path;
}

const ids = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('the place in a source', () => {
  test('every row is in the log once, however often it was stopped', async () => {
    const { run, contents } = await openLog();
    const path = file(events(1_050));
    let resumedAfter = 0;
    for (let i = 0; ; i++) {
      const stop = new AbortController();
      const report = await run(path, {
        signal: stop.signal,
        onProgress: ({ rows }) => rows >= 200 && stop.abort(),
      });
      expect(report.resumedAfter).toBe(resumedAfter);
      resumedAfter += report.rows;
      if (report.outcome === 'complete') break;
      expect(report).toMatchObject({ outcome: 'stopped', rows: 200 });
      expect(i).toBeLessThan(10);
    }
    expect((await contents()).map(row => row.id)).toEqual(ids(1, 1_050));
  });

  test('holds when the process dies between two appends', async () => {
    const { log, run, contents } = await openLog();
    const path = file(events(1_000));
    let appends = 0;
    const dying = {
      ...log,
      append: async (...args: Parameters<typeof log.append>) => {
        if (++appends === 4) throw new Error('killed');
        return log.append(...args);
      },
    };
    await expect(run(path, { log: dying })).rejects.toThrow('killed');
    expect((await run(path)).resumedAfter).toBe(300);
    expect((await contents()).map(row => row.id)).toEqual(ids(1, 1_000));
  });

  test('a finished file is not read again, unless it grew, or on request', async () => {
    const { run, contents } = await openLog();
    const path = file(events(250));
    expect(await run(path)).toMatchObject({ outcome: 'complete', rows: 250 });
    expect(await run(path)).toMatchObject({ outcome: 'complete', rows: 0, resumedAfter: 250 });
    appendFileSync(path, events(50, 251));
    expect(await run(path)).toMatchObject({ rows: 50, resumedAfter: 250 });
    expect((await contents()).map(row => row.id)).toEqual(ids(1, 300));
    expect(await run(path, { restart: true })).toMatchObject({ rows: 300, resumedAfter: 0 });
    expect(await contents()).toHaveLength(600);
  });

  test('a line that was still being written is read again, whole', async () => {
    const { run, log } = await openLog({ shards: 1 });
    const texts = async () =>
      (await log.read('shard-000', null, 100)).map(({ data }) => Buffer.from(data).toString());
    const lines = events(4).split('\n');
    const path = file(`${lines[0]}\n${lines[1]!.slice(0, 9)}`);
    expect(await run(path)).toMatchObject({ rows: 2 });
    appendFileSync(path, `${lines[1]!.slice(9)}\n${lines[2]}`);
    expect(await run(path)).toMatchObject({ resumedAfter: 1, rows: 2 });
    // Complete, though no line end said so.
    appendFileSync(path, `\n${lines[3]}\n`);
    expect(await run(path)).toMatchObject({ resumedAfter: 3, rows: 1 });
    expect(await texts()).toEqual([lines[0], lines[1]!.slice(0, 9), ...lines.slice(1, 4)]);
  });

  test('a file that is written to while it is read is read to where it ended when it was opened', async () => {
    const { run, contents } = await openLog();
    const path = file(events(20_000));
    const more = events(3, 20_001);
    let added = false;
    const onProgress = () => {
      if (!added) appendFileSync(path, more.slice(0, -5));
      added = true;
    };
    expect(await run(path, { onProgress, batchEvents: 1_000 })).toMatchObject({ rows: 20_000 });
    appendFileSync(path, more.slice(-5));
    expect(await run(path)).toMatchObject({ resumedAfter: 20_000, rows: 3 });
    expect((await contents()).map(row => row.id)).toEqual(ids(1, 20_003));
  });

  test('only the last row can have been unfinished', async () => {
    const { run } = await openLog();
    const path = file(events(250).trimEnd().slice(0, -5));
    const signal = AbortSignal.abort();
    expect(await run(path, { signal })).toMatchObject({ outcome: 'stopped', rows: 100 });
    appendFileSync(path, `"x"}\n${event(251)}`);
    expect(await run(path)).toMatchObject({ resumedAfter: 100, rows: 151 });
    const table = file('id,ts,user\n1,1000,u\n2,2000,"u', 'visits.csv');
    expect(await run(table)).toMatchObject({ outcome: 'broken', rows: 1 });
    appendFileSync(table, '"\n3,3000,u\n');
    expect(await run(table)).toMatchObject({ resumedAfter: 1, rows: 2 });
  });

  test('another file under the name begins at its first row', async () => {
    const { run } = await openLog();
    const path = file(events(250));
    await run(path);
    writeFileSync(path, events(250, 1_000));
    expect(await run(path)).toMatchObject({ rows: 250, resumedAfter: 0 });
  });

  test('a file that breaks off leaves all rows before in the log, and goes on when it was fetched whole', async () => {
    const { run, contents } = await openLog();
    const whole = gzipSync(events(20_000));
    const path = file(whole.subarray(0, 50_000), 'visits.ndjson.gz');
    const broken = await run(path, { batchEvents: 1_000 });
    expect(broken).toMatchObject({ outcome: 'broken', error: { name: 'SourceError', rows: broken.rows } });
    expect(broken.rows).toBeGreaterThan(5_000);
    expect(await contents()).toHaveLength(broken.rows);
    writeFileSync(path, whole);
    expect(await run(path)).toMatchObject({ outcome: 'complete', resumedAfter: broken.rows });
    expect((await contents()).map(row => row.id)).toEqual(ids(1, 20_000));
  });
});

describe('order and time', () => {
  test('live events arrive by the clock; equal keys keep their order', async () => {
    const { run, log, contents } = await openLog();
    await run(file(events(500)));
    for (const { arrivalTime } of await contents()) expect(arrivalTime).toBe(1_000_000_000);
    for (const shard of log.shards) {
      const records = await log.read(shard, null, 1000);
      const inOrder = records.map(({ data }) => JSON.parse(Buffer.from(data).toString()).id);
      expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));
    }
  });

  test('replayed events arrive at their own times, those out of order at the latest so far', async () => {
    const { run, contents } = await openLog();
    const path = file([event(1, 5_000), event(2, 7_000), event(3, 6_000), event(4, 7_500)].join(''));
    const report = await run(path, { replay: { clock: { now: () => 10_000 }, from: 5_500 } });
    expect((await contents()).map(row => row.arrivalTime)).toEqual([5_500, 7_000, 7_000, 7_500]);
    expect(report.replayedTo).toBe(7_500);
  });

  test('an event from the future does not drag a replay along', async () => {
    const { run, contents } = await openLog();
    const path = file([event(1, 5_000), event(2, 99_000), event(3, 6_000)].join(''));
    await run(path, { replay: { clock: { now: () => 10_000 }, from: 0 } });
    expect((await contents()).map(row => row.arrivalTime)).toEqual([5_000, 5_000, 6_000]);
  });

  test('a replay that goes on does not go back to pauses it has passed', async () => {
    const { run, log } = await openLog();
    const path = file(events(10));
    await run(path, { replay: { clock: { now: () => Date.now() }, from: 0 } });
    appendFileSync(path, events(10, 11));
    const seen: number[] = [];
    const pauses = {
      times: [5_000, 10_000, 10_001, 15_000],
      run: async (time: number) => void seen.push(time),
    };
    await run(path, { pauses, replay: { clock: { now: () => Date.now() }, from: log.latestArrival() } });
    expect(seen).toEqual([10_001, 15_000]);
  });

  test('a replay pauses just before the first event at or after each time', async () => {
    const { run, log, contents } = await openLog();
    const seen: [number, number][] = [];
    const pauses = {
      times: [3_000, 3_001, 250_000, 9_000_000],
      run: async (time: number) => void seen.push([time, (await contents()).length]),
    };
    await run(file(events(1_000)), { pauses, replay: { clock: { now: () => Date.now() }, from: 0 } });
    expect(seen).toEqual([
      [3_000, 2],
      [3_001, 3],
      [250_000, 249],
      [9_000_000, 1_000],
    ]);
    expect(log.latestArrival()).toBe(1_000_000);
  });
});

test('rows are drained as they come, so that the log is never far ahead', async () => {
  const { run, log } = await openLog({ shards: 1 });
  const depths: number[] = [];
  let drained = 0;
  const drain = async () => {
    const { length } = await log.read('shard-000', drained, 100_000);
    depths.push(length);
    drained += length;
    return { ...noCounts, accepted: length };
  };
  const report = await run(file(events(1_000)), { drain });
  expect(Math.max(...depths)).toBe(100);
  expect(report.counts.accepted).toBe(1_000);
});

test('a failing log is not taken for a failing source', async () => {
  const { run, log } = await openLog();
  const failing = { ...log, append: () => Promise.reject(new Error('disk full')) };
  await expect(run(file(events(10)), { log: failing })).rejects.toThrow('disk full');
});

test('the source is closed down when it is left early', async () => {
  let ended = false;
  const source: Source = {
    name: 'endless',
    id: 'endless',
    format: 'ndjson',
    columns: null,
    rowsDone: async () => 0,
    checkpoint: String,
    async *batches() {
      try {
        for (let row = 1; ; row++) yield { firstRow: row, rows: [Buffer.from(event(row))] };
      } finally {
        ended = true;
      }
    },
    progress: () => ({ done: 0, total: 0 }),
    close: async () => {},
  };
  const { log } = await openLog();
  const report = await ingest({
    source,
    stream,
    log,
    drain: async () => noCounts,
    signal: AbortSignal.abort(),
  });
  expect(report).toMatchObject({ outcome: 'stopped', rows: 1 });
  expect(ended).toBe(true);
});

test('few large events are appended before they fill the memory', async () => {
  const { log, run } = await openLog();
  const large = `${JSON.stringify({ id: 1, ts: 1000, user: 'u', pad: 'x'.repeat(1 << 20) })}\n`;
  const largest = { events: 0, bytes: 0 };
  const append: typeof log.append = async (events, options) => {
    largest.events = Math.max(largest.events, events.length);
    largest.bytes = Math.max(
      largest.bytes,
      events.reduce((sum, { data }) => sum + data.length, 0),
    );
    return log.append(events, options);
  };
  const report = await run(file(large.repeat(80)), { batchEvents: 10_000, log: { ...log, append } });
  expect(report).toMatchObject({ outcome: 'complete', rows: 80 });
  expect(largest.events).toBeLessThan(40);
  expect(largest.bytes).toBeLessThan(40 << 20);
});
