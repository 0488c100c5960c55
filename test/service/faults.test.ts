import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { openDataDirectory } from '../../lib/adapters/rocksdb/data-directory.ts';
import { createStateStore } from '../../lib/adapters/rocksdb/state-store.ts';
import type { Local } from '../../lib/local/index.ts';
import { StoreError } from '../../lib/runtime/errors.ts';
import type { StateStore } from '../../lib/runtime/ports.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { createSender, expectCountedOnce } from './acknowledged.ts';
import { startService, visit } from './running.ts';

/* Faults of the machine, one at a time: what clients are told meanwhile, and that nothing is lost afterwards. */

type Service = Awaited<ReturnType<typeof startService>>;

/** A store that fails as long as it is told to. */
function failing(what: Partial<StateStore>) {
  const fault = { isOn: false };
  const wrapStore = (store: StateStore): StateStore => {
    const broken = Object.entries(what).map(([name, fail]) => {
      const method = store[name as keyof StateStore] as (...args: unknown[]) => unknown;
      const either = (...args: unknown[]) =>
        fault.isOn ? (fail as (...args: unknown[]) => unknown)(...args) : method(...args);
      return [name, either];
    });
    return { ...store, ...Object.fromEntries(broken) };
  };
  return { fault, wrapStore };
}

const streamOf = async (service: Service) => (await service.status()).streams[0]!;
const logOf = async (local: Local) => (await local.goLive())[0]!.log;

/** Resolves with the reason once the service says that a batch could not be processed. */
const stuck = (service: Service) =>
  vi.waitFor(async () => {
    const { error } = await streamOf(service);
    expect(error).not.toBeNull();
    return error;
  });

const statusOfUser = async (service: Service, user: string) =>
  (await service.readGroup('visitor', { user })).json.entities[0];

describe('the disk is full', () => {
  const noSpace = () => Promise.reject(new StoreError('full', 'writing: no space left on device'));

  test('for rows: events are still taken, and wait until there is room', async () => {
    const { fault, wrapStore } = failing({ write: noSpace });
    const service = await startService({ wrapStore });
    const events = createSender();
    await events.send(service, 10);
    await service.caughtUp();
    fault.isOn = true;
    await events.send(service, 10);
    expect(await stuck(service)).toMatch(/no space left/);
    expect((await service.ask('/ready')).status).toBe(503);
    expect((await service.ask('/health')).status).toBe(200);
    expect(await statusOfUser(service, 'user 0')).toMatchObject({ status: 'known' });
    expect(await statusOfUser(service, 'user 10')).toMatchObject({ status: 'unknown' });
    fault.isOn = false;
    await service.caughtUp();
    expect(events.acknowledged).toHaveLength(20);
    await expectCountedOnce(service, events);
    await vi.waitFor(async () => expect((await service.ask('/ready')).status).toBe(200));
  });

  test('for the log: events are refused, for however long, and taken again as soon as there is room', async () => {
    const service = await startService({ limits: { eventsBehind: 50 } });
    const log = await logOf(service.local);
    const { append } = log;
    const events = createSender();
    await events.send(service, 10);
    // The last of them breaks the write, after it has used up a sequence number like the others.
    const poison = { partitionKey: '', data: null as never };
    log.append = records => append([...records, poison]).catch(noSpace);
    for (let i = 0; i < 10; i++) {
      const answer = await events.send(service, 10);
      expect(answer!.status).toBe(503);
      expect(answer!.headers.get('retry-after')).toBe('5');
      expect(answer!.json.error).toEqual({ code: 'unavailable', message: expect.stringContaining('full') });
      // Nothing waits to be processed, however much was refused.
      await service.caughtUp();
    }
    expect((await service.ask('/ready')).status).toBe(503);
    expect(await streamOf(service)).toMatchObject({ error: expect.stringContaining('no space left') });
    expect(await statusOfUser(service, 'user 0')).toMatchObject({ status: 'known' });
    log.append = append;
    expect((await events.send(service, 10))!.status).toBe(200);
    expect((await service.ask('/ready')).status).toBe(200);
    await service.caughtUp();
    expect(events.acknowledged).toHaveLength(20);
    await expectCountedOnce(service, events);
  });
});

describe('the store cannot be read', () => {
  const noDisk = () => Promise.reject(new StoreError('unavailable', 'reading rows: input/output error'));

  test('entities are failed, events wait, and are refused once too many do', async () => {
    const { fault, wrapStore } = failing({ read: noDisk });
    const service = await startService({ wrapStore, limits: { eventsBehind: 30 } });
    const events = createSender();
    await events.send(service, 10);
    await service.caughtUp();
    fault.isOn = true;
    for (let i = 0; i < 3; i++) expect((await events.send(service, 10))!.status).toBe(200);
    expect(await stuck(service)).toMatch(/input\/output error/);
    expect(await statusOfUser(service, 'user 0')).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('input/output error'),
    });
    const refused = await events.send(service, 10);
    expect(refused!.status).toBe(429);
    expect(refused!.headers.get('retry-after')).toBe('1');
    fault.isOn = false;
    await service.caughtUp();
    expect(events.acknowledged).toHaveLength(40);
    await expectCountedOnce(service, events);
  });

  test('in one table only: the features of other groups are read as ever', async () => {
    const { fault, wrapStore } = failing({});
    const service = await startService({
      wrapStore: store => ({
        ...wrapStore(store),
        read: (table, keys) => (fault.isOn && table === 'visitor@1' ? noDisk() : store.read(table, keys)),
      }),
    });
    await service.sendLines([visit(1)]);
    await service.caughtUp();
    fault.isOn = true;
    expect(await statusOfUser(service, 'ann')).toMatchObject({ status: 'failed' });
    const { json } = await service.readGroup('visitor_page', { user: 'ann', page: '7' });
    expect(json.entities).toMatchObject([{ status: 'known', values: [1] }]);
    fault.isOn = false;
    expect(await statusOfUser(service, 'ann')).toMatchObject({ status: 'known' });
  });

  test('nor written in part: writes that fail or are refused are tried again', async () => {
    let n = 0;
    const service = await startService({
      wrapStore: store => ({
        ...store,
        async write(table, writes) {
          const kept = writes.filter(() => n++ % 3 !== 0);
          const outcomes = await store.write(table, kept);
          return writes.map(write => outcomes[kept.indexOf(write)] ?? (n % 2 === 0 ? 'failed' : 'throttled'));
        },
      }),
    });
    const events = createSender();
    for (let i = 0; i < 5; i++) await events.send(service, 20);
    await service.caughtUp();
    await expectCountedOnce(service, events);
  });
});

describe('the bytes of a row are broken', () => {
  /** Changes a row behind the back of everyone, in a directory that nobody has open; gives its bytes as they were. */
  async function rewrite(directory: string, key: string, bytes: Uint8Array): Promise<Uint8Array> {
    const opened = await openDataDirectory(directory);
    const store = createStateStore(opened);
    const [row] = await store.read('visitor@1', [key]);
    const before = Uint8Array.from(row!.bytes);
    const { version } = row!;
    await store.write('visitor@1', [{ key, expected: version, version: version + 1, bytes }]);
    await opened.close();
    return before;
  }

  const broken: [what: string, change: (bytes: Uint8Array) => Uint8Array][] = [
    ['cut short', bytes => bytes.subarray(0, bytes.length >> 1)],
    ['empty', () => new Uint8Array(0)],
    ['of a later codec', bytes => Uint8Array.of(200, ...bytes.subarray(1))],
  ];
  test.each(broken)('%s: a read of it is failed, of other rows as ever', async (_, change) => {
    const directory = join(temporaryDirectory(), 'data');
    const first = await startService({ directory });
    await first.sendLines([visit(1), visit(2, { user: 'bob' })]);
    await first.stop();
    const good = await rewrite(directory, 'ann', new Uint8Array(0));
    await rewrite(directory, 'ann', change(good));
    const service = await startService({ directory });
    const { json } = await service.readGroup('visitor', { user: 'ann' }, { user: 'bob' }, { user: 'eve' });
    expect(json.entities).toMatchObject([
      { status: 'failed', error: expect.stringContaining('table visitor@1, row ann') },
      { status: 'known' },
      { status: 'unknown' },
    ]);
    expect(json.entities[0].values.every((value: unknown) => value === null)).toBe(true);
  });

  test('an event for it stops its shard, is not lost, and counts when the row is whole again', async () => {
    const directory = join(temporaryDirectory(), 'data');
    const first = await startService({ directory });
    await first.sendLines([visit(1), visit(2, { user: 'bob' })]);
    await first.stop();
    const good = await rewrite(directory, 'ann', Uint8Array.of(1, 2, 3));
    const service = await startService({ directory });
    await service.sendLines([visit(3), visit(4, { user: 'bob' })]);
    expect(await stuck(service)).toMatch(/table visitor@1, row ann/);
    expect((await service.ask('/ready')).status).toBe(503);
    await expect(service.stop()).rejects.toThrow(/row ann/);
    await rewrite(directory, 'ann', good);
    const again = await startService({ directory });
    await again.caughtUp();
    const { json } = await again.readGroup('visitor', { user: 'ann' }, { user: 'bob' });
    const visits = json.features.indexOf('visits_lifetime');
    expect(json.entities.map((one: { values: unknown[] }) => one.values[visits])).toEqual([2, 2]);
  });
});

describe('the clock is set back by an hour', () => {
  const hour = 3_600_000;
  const minute = 60_000;

  test('arrivals stand still, versions grow, and reads answer for no time before what they show', async () => {
    const start = Date.UTC(2026, 5, 1, 12);
    let now = start;
    const clock = { now: () => now };
    const service = await startService({ clock });
    const { log, store } = (await service.local.goLive())[0]!;
    const versionOf = async () => (await store.read('visitor@1', ['ann']))[0]!.version;
    const read = async () => {
      const { json } = await service.readGroup('visitor', { user: 'ann' });
      const numberOf = (name: string) => json.entities[0].values[json.features.indexOf(name)];
      return { asOf: json.asOf, hour: numberOf('visits_1h'), lifetime: numberOf('visits_lifetime') };
    };
    const send = async (id: number, ts: number) => {
      await service.sendLines([visit(id, { ts })]);
      await service.caughtUp();
    };

    await send(1, start - 1);
    expect(await read()).toEqual({ asOf: start, hour: 1, lifetime: 1 });
    const versions = [await versionOf()];
    now = start - hour;
    // The event was seen already: the answer is for just after it.
    expect(await read()).toEqual({ asOf: start, hour: 1, lifetime: 1 });
    await send(2, start - hour);
    versions.push(await versionOf());
    await send(3, start + minute);
    versions.push(await versionOf());
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    expect(new Set(versions).size).toBe(3);
    // It arrived at the latest time that any event has arrived at, and counts from then on.
    expect(await read()).toEqual({ asOf: start + 1, hour: 3, lifetime: 3 });
    const records = await log.read(log.shards[0]!, null, 10);
    expect(records.map(record => record.arrivalTime)).toEqual([start, start, start]);
    // The last tail of an hour that sees the second event begins at its time.
    now = start + 5 * minute;
    expect(await read()).toEqual({ asOf: now, hour: 2, lifetime: 3 });
    const { freshness } = await streamOf(service);
    expect(freshness!.p99).toBeGreaterThanOrEqual(0);
  });

  test('an event whose time is right is set aside as of the future, and counts when it is redriven', async () => {
    let now = Date.UTC(2026, 5, 1, 12);
    const service = await startService({ clock: { now: () => now } });
    await service.sendLines([visit(1, { ts: now })]);
    await service.caughtUp();
    const right = now + 10 * minute;
    now = right - hour;
    await service.sendLines([visit(2, { ts: right })]);
    await service.caughtUp();
    expect((await service.status()).quarantined).toEqual({ future: 1 });
    now = right + minute;
    await service.post('/v1/quarantine/redrive', '{"stream":"visits","reason":"future"}');
    await service.caughtUp();
    const { json } = await service.readGroup('visitor', { user: 'ann' });
    expect(json.entities[0].values[json.features.indexOf('visits_lifetime')]).toBe(2);
    expect((await service.status()).quarantined).toEqual({});
  });
});
