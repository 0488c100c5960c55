import { describe, expect, test, vi } from 'vitest';
import type { Local } from '../../../lib/local/index.ts';
import { StoreError } from '../../../lib/runtime/errors.ts';
import type { StateStore } from '../../../lib/runtime/ports.ts';
import { createSender, expectCountedOnce } from '../acknowledged.ts';
import { startService, visit } from '../running.ts';
import { streamOf, stuck, visitorOf } from './support.ts';

/* What clients are told while rows or log cannot be read or written, and that nothing is lost afterwards. */

/** A store whose reads and writes are those of another as long as the fault is on. */
function failing(change: (store: StateStore) => Partial<StateStore>) {
  const fault = { isOn: false };
  const wrapStore = (store: StateStore): StateStore => {
    const broken = { ...store, ...change(store) };
    const present = () => (fault.isOn ? broken : store);
    return {
      ...store,
      read: (...args) => present().read(...args),
      write: (...args) => present().write(...args),
    };
  };
  return { fault, wrapStore };
}

const logOf = async (local: Local) => (await local.goLive())[0]!.log;

describe('the disk is full', () => {
  const noSpace = () => Promise.reject(new StoreError('full', 'writing: no space left on device'));

  test('for rows: events are still taken, and wait until there is room', async () => {
    const { fault, wrapStore } = failing(() => ({ write: noSpace }));
    const service = await startService({ wrapStore });
    const events = createSender();
    await events.send(service, 10);
    await service.caughtUp();
    fault.isOn = true;
    await events.send(service, 10);
    expect(await stuck(service)).toMatch(/no space left/);
    expect((await service.ask('/ready')).status).toBe(503);
    expect((await service.ask('/health')).status).toBe(200);
    expect(await visitorOf(service, 'user 0')).toMatchObject({ status: 'known' });
    expect(await visitorOf(service, 'user 10')).toMatchObject({ status: 'unknown' });
    fault.isOn = false;
    await service.caughtUp();
    expect(events.acknowledged).toHaveLength(20);
    await expectCountedOnce(service, events);
    await vi.waitFor(async () => expect((await service.ask('/ready')).status).toBe(200), { timeout: 15_000 });
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
    expect(await visitorOf(service, 'user 0')).toMatchObject({ status: 'known' });
    log.append = append;
    expect((await events.send(service, 10))!.status).toBe(200);
    expect((await service.ask('/ready')).status).toBe(200);
    await service.caughtUp();
    expect(events.acknowledged).toHaveLength(20);
    await expectCountedOnce(service, events);
  });
});

describe('the store fails', () => {
  const noDisk = () => Promise.reject(new StoreError('unavailable', 'reading rows: input/output error'));

  test('to read: entities are failed, events wait, and are refused once too many do', async () => {
    const { fault, wrapStore } = failing(() => ({ read: noDisk }));
    const service = await startService({ wrapStore, limits: { eventsBehind: 30 } });
    const events = createSender();
    await events.send(service, 10);
    await service.caughtUp();
    fault.isOn = true;
    for (let i = 0; i < 3; i++) expect((await events.send(service, 10))!.status).toBe(200);
    expect(await stuck(service)).toMatch(/input\/output error/);
    expect(await visitorOf(service, 'user 0')).toMatchObject({
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

  test('to read one table: the features of other groups are read as ever', async () => {
    const { fault, wrapStore } = failing(store => ({
      read: (table, keys) => (table === 'visitor@1' ? noDisk() : store.read(table, keys)),
    }));
    const service = await startService({ wrapStore });
    await service.sendLines([visit(1)]);
    await service.caughtUp();
    fault.isOn = true;
    expect(await visitorOf(service, 'ann')).toMatchObject({ status: 'failed' });
    const { json } = await service.readGroup('visitor_page', { user: 'ann', page: '7' });
    expect(json.entities).toMatchObject([{ status: 'known', values: [1] }]);
    fault.isOn = false;
    expect(await visitorOf(service, 'ann')).toMatchObject({ status: 'known' });
  });

  test('to write in part: what fails or is refused is tried again', async () => {
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
