import { afterEach, beforeEach, expect, test } from 'vitest';
import { createS3Quarantine } from '../../../lib/adapters/s3/quarantine.ts';
import { createS3UnappliedStore } from '../../../lib/adapters/s3/unapplied.ts';
import type { QuarantinedEvent, UnappliedEvent } from '../../../lib/runtime/ports.ts';
import { type S3Server, startS3Server } from '../../support/s3-server.ts';

let server: S3Server;
beforeEach(async () => {
  server = await startS3Server({ pageSize: 1_000 });
});
afterEach(() => server.close());

const placeOf = (prefix: string) => ({ client: server.client, bucket: 'lake', prefix });
const quarantineOf = () => createS3Quarantine(placeOf('quarantine/'));
const unappliedOf = () => createS3UnappliedStore(placeOf('unapplied/'));

const bad = (sequence: bigint, rest: Partial<QuarantinedEvent> = {}): QuarantinedEvent => ({
  stream: 'plays',
  position: { shard: 'shardId-000000000001', sequence, index: 2 },
  arrivalTime: Date.UTC(2026, 10, 23, 23, 59, 59, 999),
  reason: 'schema',
  detail: 'field ms: expected int, got "ü"',
  payload: Buffer.from('{"ms":"ü"}'),
  ...rest,
});
const lacking = (rest: Partial<UnappliedEvent> = {}): UnappliedEvent => ({
  stream: 'plays',
  incarnation: 'plays-1',
  position: { shard: 'shardId-000000000001', sequence: 12n, index: 0 },
  arrivalTime: 1_000,
  table: 'user_plays@1',
  key: 'u1',
  fault: 'u1#1',
  reason: 'corrupt',
  detail: 'row codec 9',
  payload: Buffer.from('{}'),
  ...rest,
});

test('a quarantined event is an object by stream, day, reason, shard and position, as readable JSON', async () => {
  await quarantineOf().put([bad(12n), bad(13n, { payload: Buffer.of(255), reason: 'bad-encoding' })]);
  const folder = 'lake/quarantine/plays/2026-11-23';
  // They are put side by side: either may come first.
  const keys = [...server.objects.keys()].sort();
  expect(keys).toEqual([
    `${folder}/bad-encoding/shardId-000000000001/0213-012.json`,
    `${folder}/schema/shardId-000000000001/0212-012.json`,
  ]);
  const [second, first] = keys.map(key => server.objects.get(key));
  expect(first!.type).toBe('application/json');
  expect(JSON.parse(first!.body.toString())).toEqual({
    stream: 'plays',
    position: { shard: 'shardId-000000000001', sequence: '12', index: 2 },
    arrivalTime: Date.UTC(2026, 10, 23, 23, 59, 59, 999),
    reason: 'schema',
    detail: 'field ms: expected int, got "ü"',
    payload: '{"ms":"ü"}',
  });
  expect(JSON.parse(second!.body.toString())).toMatchObject({ payloadBase64: '/w==' });
});

test('days come in their order, and a listing asks for no more than it needs', async () => {
  const day = (of: number) => ({ arrivalTime: Date.UTC(2026, 10, of) });
  await quarantineOf().put([bad(3n, day(10)), bad(1n, day(2)), bad(2n, { ...day(2), reason: 'late' })]);
  const before = server.requests.length;
  const listed = await quarantineOf().list({ limit: 2 });
  expect(listed.map(e => e.position.sequence)).toEqual([1n, 2n]);
  expect(server.requests.slice(before).filter(r => /2026-11-10/.test(r))).toEqual([]);
  expect((await quarantineOf().list({ limit: 9 })).map(e => e.position.sequence)).toEqual([1n, 2n, 3n]);
});

test('an unapplied event stands with those of its row', async () => {
  const long = 'k'.repeat(1_024);
  await unappliedOf().put([
    lacking(),
    lacking({ key: 'a/b' }),
    lacking({ key: long, fault: null, reason: 'crash' }),
    lacking({ key: `${long}2` }),
  ]);
  const keys = [...server.objects.keys()].map(key => key.slice('lake/unapplied/'.length));
  for (const one of [
    /^user_plays@1\/u1\/plays-1\/shardId-000000000001\/0212-010\.[0-9a-f]{32}\.corrupt\.json$/,
    /^user_plays@1\/a%2Fb\//,
    /^user_plays@1\/k{150}~[0-9a-f]{32}\/.*\.none\.crash\.json$/,
    /^user_plays@1\/k{150}~[0-9a-f]{32}\/.*\.corrupt\.json$/,
  ])
    expect(keys.filter(key => one.test(key))).toHaveLength(1);
  expect(Math.max(...keys.map(key => key.length))).toBeLessThan(700);
  for (const key of [long, `${long}2`]) {
    const listed = await unappliedOf().list({ table: 'user_plays@1', key, limit: 9 });
    expect(listed.map(e => e.key)).toEqual([key]);
  }
});

test.each([
  ['SlowDown', 503, 'throttled'],
  ['InternalError', 500, 'unavailable'],
  ['AccessDenied', 403, 'unavailable'],
  ['NoSuchBucket', 404, 'unavailable'],
])('%s is an error of the store, which says what was tried', async (code, status, reason) => {
  const quarantine = quarantineOf();
  await quarantine.put([bad(12n)]);
  const { id } = (await quarantine.list({ limit: 1 }))[0]!;
  server.fault = () => ({ status, code });
  const error = { name: 'StoreError', reason, message: expect.stringContaining(`${code}: scripted`) };
  await expect(quarantine.put([bad(13n)])).rejects.toMatchObject(error);
  await expect(quarantine.get(id)).rejects.toMatchObject(error);
  await expect(quarantine.list({ limit: 1 })).rejects.toMatchObject(error);
  await expect(quarantine.remove([id])).rejects.toMatchObject(error);
  await expect(quarantine.count()).rejects.toMatchObject(error);
});

test('where one event cannot be put, the call fails, and again puts the rest', async () => {
  server.fault = request => (request.includes('0213-') ? { status: 500, code: 'InternalError' } : null);
  const events = [bad(12n), bad(13n), bad(14n)];
  await expect(quarantineOf().put(events)).rejects.toThrow(/0213-012/);
  server.fault = () => null;
  await quarantineOf().put(events);
  expect(await quarantineOf().count()).toEqual(new Map([['schema', 3]]));
});

test('an object that is no entry is corrupt, and says which', async () => {
  await quarantineOf().put([bad(12n)]);
  const [key] = [...server.objects.keys()];
  (server.objects as Map<string, unknown>).set(key!, { body: Buffer.from('{}'), type: '', modified: 0 });
  const message = expect.stringContaining('plays/2026-11-23/schema');
  await expect(quarantineOf().list({ limit: 1 })).rejects.toMatchObject({ reason: 'corrupt', message });
});

test('an object removed while it is listed is passed over', async () => {
  await quarantineOf().put([bad(12n), bad(13n)]);
  server.fault = request => (/^GET .*0212-/.test(request) ? { status: 404, code: 'NoSuchKey' } : null);
  expect((await quarantineOf().list({ limit: 9 })).map(e => e.position.sequence)).toEqual([13n]);
});

test('a thousand events are put, listed and removed', async () => {
  const events = Array.from({ length: 1_000 }, (_, i) => bad(BigInt(i)));
  await quarantineOf().put(events);
  const listed = await quarantineOf().list({ limit: Number.MAX_SAFE_INTEGER });
  expect(listed.map(e => e.position.sequence)).toEqual(events.map(e => e.position.sequence));
  await quarantineOf().remove(listed.map(({ id }) => id));
  expect(server.objects.size).toBe(0);
});
