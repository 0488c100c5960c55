import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openLocal } from '../../lib/local/index.ts';
import { StoreError } from '../../lib/runtime/errors.ts';
import type { StateStore } from '../../lib/runtime/ports.ts';
import visits from '../cli/visits.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { startService, visit } from './running.ts';

const visitsOf = async (service: Awaited<ReturnType<typeof startService>>, user = 'ann') => {
  const { json } = await service.readGroup('visitor', { user });
  return json.entities[0].values[json.features.indexOf('visits_lifetime')];
};

describe('features', () => {
  test('are what the accepted events make them, by name and entity, int64 as text', async () => {
    const service = await startService();
    await service.sendLines([visit(1), visit(2, { kind: 'click', page: '7301234567890123456' })]);
    await service.caughtUp();
    const { status, json } = await service.readGroup('visitor', { user: 'ann' }, { user: 'bob' });
    expect(status).toBe(200);
    expect(json).toEqual({
      group: 'visitor',
      asOf: expect.any(Number),
      features: ['visits_1h', 'visits_7d', 'visits_lifetime', 'clicks_7d', 'ms_7d', 'pages', 'click_rate'],
      entities: [
        { status: 'known', values: [2, 2, 2, 1, 2, expect.any(Array), 0.5] },
        { status: 'unknown', values: [0, 0, 0, 0, null, [], null] },
      ],
    });
    expect(json.entities[0].values[5]).toContain('7301234567890123456');
  });

  test('of a service take the context of the request', async () => {
    const service = await startService();
    await service.sendLines([visit(1)]);
    await service.caughtUp();
    const body = { service: 'greeting', entities: [{ user: 'ann' }], context: { factor: 2.5 } };
    const { json } = await service.post('/v1/features', JSON.stringify(body));
    expect(json).toMatchObject({ features: ['visits_7d', 'weighted'], entities: [{ values: [1, 2.5] }] });
  });

  test('that cannot be read are failed, and never null of a known entity', async () => {
    let broken = false;
    const wrapStore = (store: StateStore): StateStore => ({
      ...store,
      read: (...args) =>
        broken ? Promise.reject(new StoreError('unavailable', 'no disk')) : store.read(...args),
    });
    const service = await startService({ wrapStore });
    await service.sendLines([visit(1)]);
    await service.caughtUp();
    broken = true;
    expect((await service.readGroup('visitor', { user: 'ann' })).json.entities).toMatchObject([
      { status: 'failed' },
    ]);
    broken = false;
    expect(await visitsOf(service)).toBe(1);
  });
});

test('while the transform is behind, events are refused with 429, and none that was accepted is lost', async () => {
  const gate = Promise.withResolvers<void>();
  const wrapStore = (store: StateStore): StateStore => ({
    ...store,
    write: async (...args) => gate.promise.then(() => store.write(...args)),
  });
  const service = await startService({ wrapStore, limits: { eventsBehind: 5 } });
  let accepted = 0;
  for (let id = 1; id <= 5; id++) accepted += (await service.sendLines([visit(id)])).json.accepted;
  expect(accepted).toBe(5);
  const refused = await service.sendLines([visit(6)]);
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(refused.json.error).toEqual({ code: 'behind', message: expect.stringContaining('5 events wait') });
  expect(await service.ask('/ready')).toMatchObject({ status: 503, json: { ready: false } });
  expect(await service.ask('/health')).toMatchObject({ status: 200 });
  gate.resolve();
  await service.caughtUp();
  expect((await service.sendLines([visit(6)])).status).toBe(200);
  await service.caughtUp();
  expect(await visitsOf(service)).toBe(6);
});

describe('no more events wait than the limit says', () => {
  const gated = async () => {
    const gate = Promise.withResolvers<void>();
    const wrapStore = (store: StateStore): StateStore => ({
      ...store,
      write: async (...args) => gate.promise.then(() => store.write(...args)),
    });
    return { gate, ...(await startService({ wrapStore, limits: { eventsBehind: 10 } })) };
  };

  test('however many requests come at once', async () => {
    const { gate, sendLines, behind, caughtUp } = await gated();
    const pairs = Array.from({ length: 8 }, (_, i) => sendLines([visit(2 * i), visit(2 * i + 1)]));
    const statuses = (await Promise.all(pairs)).map(({ status }) => status);
    expect(statuses.filter(status => status === 200)).toHaveLength(5);
    expect(statuses.filter(status => status === 429)).toHaveLength(3);
    expect(behind()).toBe(10);
    gate.resolve();
    await caughtUp();
  });

  test('but a request of more is taken when none does', async () => {
    const { gate, sendLines, behind, caughtUp } = await gated();
    expect((await sendLines(Array.from({ length: 12 }, (_, i) => visit(i)))).status).toBe(200);
    expect((await sendLines([visit(12)])).status).toBe(429);
    expect(behind()).toBe(12);
    gate.resolve();
    await caughtUp();
  });
});

test('a batch that fails is told, tried again, and counts once', async () => {
  let broken = true;
  const wrapStore = (store: StateStore): StateStore => ({
    ...store,
    write: (...args) =>
      broken ? Promise.reject(new StoreError('full', 'no space left')) : store.write(...args),
  });
  const service = await startService({ wrapStore });
  await service.sendLines([visit(1)]);
  for (;;) {
    const [{ error }] = (await service.ask('/v1/status')).json.streams;
    if (error === null) continue;
    expect(error).toMatch(/no space left|could not be applied/);
    break;
  }
  expect((await service.ask('/ready')).status).toBe(503);
  expect(service.errors[0]).toBeInstanceOf(StoreError);
  broken = false;
  await service.caughtUp();
  expect(await visitsOf(service)).toBe(1);
  expect((await service.ask('/ready')).status).toBe(200);
});

test('a stop processes what was accepted, and the next start goes on', async () => {
  const directory = temporaryDirectory();
  const first = await startService({ directory, windowMs: 60_000 });
  await first.sendLines(Array.from({ length: 100 }, (_, i) => visit(i)));
  expect((await first.status()).streams[0]!.behind).toBe(100);
  await first.stop();
  await first.stop();
  await expect(fetch(`${first.url}/health`)).rejects.toThrow();
  const second = await startService({ directory });
  expect((await second.status()).streams[0]!.behind).toBe(0);
  expect(await visitsOf(second)).toBe(100);
});

test('requests that are under way when it stops are answered', async () => {
  const service = await startService();
  const answers = Array.from({ length: 20 }, (_, i) => service.sendLines([visit(i)]).catch(() => null));
  const stopped = service.stop();
  const settled = await Promise.all(answers);
  await stopped;
  const accepted = settled.filter(answer => answer?.status === 200).length;
  for (const answer of settled) if (answer !== null) expect([200, 503]).toContain(answer.status);
  const again = await startService({ directory: service.local.directory });
  expect(await visitsOf(again)).toBe(accepted);
});

test('a full window does not wait, one append serves many requests', async () => {
  const service = await startService({ windowMs: 60_000, batchRecords: 50 });
  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => service.sendLines([visit(i)])));
  await service.caughtUp();
  const positions = answers.map(({ json }) => json.events[0].position);
  expect(new Set(positions).size).toBe(50);
  expect(await visitsOf(service)).toBe(50);
});

test('quarantined events are redriven: anew where they are still bad, and no longer under the old id', async () => {
  const service = await startService();
  const [, bad] = (await service.sendLines([visit(1), '{"id":2}'])).json.events;
  await service.caughtUp();
  expect(await service.local.quarantine.get(bad.position)).toMatchObject({ reason: 'schema' });
  const redrive = (body: object) => service.post('/v1/quarantine/redrive', JSON.stringify(body));
  expect((await redrive({ stream: 'visits', reason: 'late' })).json).toEqual({ redriven: 0 });
  expect((await redrive({ stream: 'visits', ids: [bad.position] })).json).toEqual({ redriven: 1 });
  await service.caughtUp();
  expect(await service.local.quarantine.get(bad.position)).toBeNull();
  expect((await service.status()).quarantined).toEqual({ schema: 1 });
});

test('metrics can be read by Prometheus, and say what happened', async () => {
  const service = await startService();
  await service.sendLines([visit(1), 'no json', '{"id":2}', visit(3, { ts: Date.now() + 3_600_000 })]);
  await service.caughtUp();
  await service.readGroup('visitor', { user: 'ann' }, { user: 'bob' });
  const { status, headers, text } = await service.ask('/metrics');
  expect(status).toBe(200);
  expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const values = new Map<string, number>();
  for (const line of text.trim().split('\n')) {
    if (/^# (HELP|TYPE) [a-z_\d]+ .+$/.test(line) || line === '') continue;
    // Prometheus reads NaN in any case; Node's event loop lag has none before its first sample.
    const sample = /^([a-z_\d]+(?:\{[^{}]*\})?) (-?[\d.e+-]+|[Nn]a[Nn]|[+-]Inf)$/.exec(line);
    expect(sample, line).not.toBeNull();
    values.set(sample![1]!, Number(sample![2]));
  }
  const expected = {
    'millrace_events_received_total{stream="visits",outcome="accepted"}': 3,
    'millrace_events_received_total{stream="visits",outcome="rejected"}': 1,
    'millrace_events_processed_total{stream="visits",outcome="counted"}': 1,
    'millrace_events_processed_total{stream="visits",outcome="bad"}': 1,
    'millrace_events_processed_total{stream="visits",outcome="late"}': 1,
    'millrace_events_behind{stream="visits"}': 0,
    'millrace_quarantined_events{reason="schema"}': 1,
    'millrace_quarantined_events{reason="future"}': 1,
    'millrace_row_writes_total{table="visitor@1",outcome="written"}': 1,
    'millrace_entities_read_total{name="visitor",status="known"}': 1,
    'millrace_read_seconds_count{name="visitor"}': 1,
    'millrace_freshness_seconds_count{stream="visits"}': 1,
  };
  expect(Object.fromEntries(Object.keys(expected).map(name => [name, values.get(name)]))).toEqual(expected);
});

describe('a service that cannot start says why', () => {
  test('the port is taken', async () => {
    const { url } = await startService();
    await expect(startService({ port: Number(new URL(url).port) })).rejects.toThrow(
      /port \d+ of 127.0.0.1 is in use: choose another with --port/,
    );
  });

  test('history was replayed into the data directory', async () => {
    const directory = temporaryDirectory();
    const file = join(temporaryDirectory(), 'visits.ndjson');
    writeFileSync(file, visit(1, { ts: Date.UTC(2020, 0) }));
    const local = await openLocal({ directory, definitions: visits, create: true });
    await local.ingest(file, { replay: true }).finally(() => local.close());
    await expect(startService({ directory })).rejects.toThrow(/holds replayed history/);
  });

  test('the data directory is in use', async () => {
    const { local } = await startService();
    await expect(startService({ directory: local.directory })).rejects.toThrow(/is open in this process/);
  });
});

test('rows that do not come in time fail their entities; the answer says so', async () => {
  const never = new Promise<never>(() => {});
  const wrapStore = (store: StateStore): StateStore => ({ ...store, read: () => never });
  const service = await startService({ wrapStore, limits: { readMs: 10 } });
  const { status, json } = await service.readGroup('visitor', { user: 'ann' });
  expect(status).toBe(200);
  expect(json.entities[0]).toMatchObject({
    status: 'failed',
    error: 'table visitor@1, row ann: not read within the deadline of 10 ms',
  });
});
