import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openDataDirectory } from '../../../lib/adapters/rocksdb/data-directory.ts';
import { createStateStore } from '../../../lib/adapters/rocksdb/state-store.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { createSender, expectCountedOnce } from '../acknowledged.ts';
import { startService, visit } from '../running.ts';
import { stuck, visitorOf } from './support.ts';

/* What clients are told of rows whose bytes are broken, and that nothing is lost afterwards. */

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

  /** Ann has an event, and then her row's bytes are others; the next event is for her, the one after it for Bob. */
  async function withBroken(change: (bytes: Uint8Array) => Uint8Array) {
    const directory = join(temporaryDirectory(), 'data');
    const first = await startService({ directory });
    await first.sendLines([visit(1), visit(2, { user: 'bob' })]);
    await first.stop();
    const good = await rewrite(directory, 'ann', new Uint8Array(0));
    await rewrite(directory, 'ann', change(good));
    const service = await startService({ directory });
    await service.sendLines([visit(3), visit(4, { user: 'bob' })]);
    return { directory, good, service };
  }

  async function visitsOf(service: Awaited<ReturnType<typeof startService>>) {
    const { json } = await service.readGroup('visitor', { user: 'ann' }, { user: 'bob' });
    const visits = json.features.indexOf('visits_lifetime');
    return json.entities.map((one: { values: unknown[] }) => one.values[visits]);
  }

  test('an event for it is set aside, holds up nobody, and counts when the row is whole again', async () => {
    const { good, service } = await withBroken(() => Uint8Array.of(0, 0, 0));
    await service.caughtUp();
    expect((await service.ask('/ready')).status).toBe(200);
    expect(await visitsOf(service)).toEqual([null, 2]);
    const [entry, ...others] = await service.local.unapplied.list({ limit: 10 });
    expect(entry).toMatchObject({ table: 'visitor@1', key: 'ann', reason: 'corrupt' });
    expect(others).toEqual([]);
    // The broken bytes are kept under the fault's name, and the good ones from a copy can take their place.
    const { store } = (await service.local.goLive())[0]!;
    await store.writeRuns('visitor@1', [{ id: entry!.fault!, bytes: good }]);
    const redriven = await service.local.redriveUnapplied({});
    expect(redriven).toEqual({ applied: 1, settled: 0, waiting: [] });
    expect(await visitsOf(service)).toEqual([2, 2]);
  });

  test('where newer code wrote them, its events wait for that code', async () => {
    const { directory, good, service } = await withBroken(bytes => Uint8Array.of(200, ...bytes.subarray(1)));
    expect(await stuck(service)).toMatch(/newer release/);
    expect((await service.ask('/ready')).status).toBe(503);
    await expect(service.stop()).rejects.toThrow(/newer release/);
    await rewrite(directory, 'ann', good);
    const newer = await startService({ directory });
    await newer.caughtUp();
    expect(await visitsOf(newer)).toEqual([2, 2]);
  });
});

test('blocks of a file on the disk are broken: what is read is failed or right, events wait, and all is well from a copy', async () => {
  const directory = join(temporaryDirectory(), 'data');
  const events = createSender();
  const first = await startService({ directory });
  for (let i = 0; i < 5; i++) await events.send(first, 1_000);
  await first.stop();
  // What the first has left in its write-ahead log is put into files.
  await (await startService({ directory })).stop();
  const copies = new Map<string, Buffer>();
  for (const name of readdirSync(join(directory, 'db')).filter(name => name.endsWith('.sst'))) {
    const file = join(directory, 'db', name);
    const bytes = readFileSync(file);
    if (!bytes.includes('visitor@1')) continue;
    copies.set(file, Buffer.from(bytes));
    for (let at = bytes.length >> 2; at < bytes.length >> 1; at += 1_000) bytes[at]! ^= 0xff;
    writeFileSync(file, bytes);
  }
  expect(copies.size).toBeGreaterThan(0);

  const service = await startService({ directory });
  const found = { failed: 0, known: 0 };
  let hurt = '';
  for (let i = 0; i < 5_000; i += 50) {
    const { status, values } = await visitorOf(service, `user ${i}`);
    expect(['failed', 'known']).toContain(status);
    expect(values[0]).toBe(status === 'known' ? 1 : null);
    found[status as keyof typeof found]++;
    if (status === 'failed') hurt = `user ${i}`;
  }
  expect(found.failed).toBeGreaterThan(0);
  expect(found.known).toBeGreaterThan(0);
  await service.sendLines([visit(5_000, { user: hurt })]);
  expect(await stuck(service)).toMatch(/checksum mismatch/);
  expect((await service.ask('/ready')).status).toBe(503);
  await expect(service.stop()).rejects.toThrow(/checksum mismatch/);

  for (const [file, bytes] of copies) writeFileSync(file, bytes);
  const restored = await startService({ directory });
  await restored.caughtUp();
  const { values } = await visitorOf(restored, hurt);
  expect(values[0]).toBe(2);
  await expectCountedOnce(restored, {
    ...events,
    acknowledged: events.acknowledged.filter(user => user !== hurt),
  });
});
