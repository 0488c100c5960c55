import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ConsumedUnits } from '../../../lib/adapters/dynamodb/consumed.ts';
import {
  createDynamoStateStore,
  type DynamoStateStoreOptions,
} from '../../../lib/adapters/dynamodb/state-store.ts';
import { dynamoRowLimits, longestItem } from '../../../lib/adapters/dynamodb/tables.ts';
import type { StateStore } from '../../../lib/runtime/ports.ts';
import { bytes, text } from '../../conformance/harness.ts';
import { type Call, type Fault, type FaultyProxy, startFaultyProxy } from './faulty-proxy.ts';
import { type DynamoServer, dynamoLocalUrl, startDynamo } from './servers.ts';
import { makeTables, noPauses, type TestTables, testClient } from './support.ts';

let server: DynamoServer;
let tables: TestTables;
let proxy: FaultyProxy;
let faultOf: (call: Call) => Fault | null;
const direct = () => testClient(server.url);

beforeAll(async () => {
  server = await startDynamo();
});
afterAll(() => server.stop());
beforeEach(async () => {
  faultOf = () => null;
  tables = await makeTables(direct(), 't');
  proxy = await startFaultyProxy(server.url, { faultOf: call => faultOf(call) });
});
afterEach(() => proxy.stop());

const storeAt = (
  url: string,
  options: Partial<DynamoStateStoreOptions> = {},
  requestMs?: number,
): StateStore =>
  createDynamoStateStore({
    client: testClient(url, requestMs),
    ...tables.names,
    pauses: noPauses,
    ...options,
  });
const row = (key: string, expected = 0, version = expected + 1) => ({
  key,
  expected,
  version,
  bytes: bytes(`${key}@${version}`),
});
const isPutOf = (call: Call, key: string) =>
  call.operation === 'PutItem' && call.body.Item.k?.S === `r${key}`;
const stored = async (...keys: string[]) =>
  (await storeAt(server.url).read('t', keys)).map(found => found && text(found.bytes));
/** The first so many of the calls that it is about. */
const first = (n: number, fault: Fault, isMeant: (call: Call) => boolean = () => true) => {
  let left = n;
  return (call: Call) => (isMeant(call) && left-- > 0 ? fault : null);
};
const always = Number.POSITIVE_INFINITY;

describe('a write', () => {
  test.each([
    { fault: 'throttle', times: 3, outcome: 'written', found: 'b@1' },
    { fault: 'throttle', times: always, outcome: 'throttled', found: null },
    { fault: 'error', times: 1, outcome: 'failed', found: null },
    { fault: 'reset', times: 1, outcome: 'failed', found: null },
    { fault: 'lose', times: 1, outcome: 'failed', found: 'b@1' },
    { fault: 'hang', times: 1, outcome: 'failed', found: 'b@1' },
  ] as const)(
    'met by $fault $times times: $outcome, and alone so',
    async ({ fault, times, outcome, found }) => {
      faultOf = first(times, fault, call => isPutOf(call, 'b'));
      const store = storeAt(proxy.url, {}, fault === 'hang' ? 2_000 : undefined);
      expect(await store.write('t', [row('a'), row('b'), row('c')])).toEqual(['written', outcome, 'written']);
      expect(await stored('a', 'b', 'c')).toEqual(['a@1', found, 'c@1']);
    },
  );

  test('whose condition does not hold is a conflict, throttled before or not', async () => {
    await storeAt(server.url).write('t', [row('a')]);
    faultOf = first(2, 'throttle', call => isPutOf(call, 'a'));
    expect(await storeAt(proxy.url).write('t', [row('a', 0, 7), row('b', 5, 6)])).toEqual([
      'conflict',
      'conflict',
    ]);
    expect(await stored('a', 'b')).toEqual(['a@1', null]);
  });

  test('that lands after its answer was given up is judged by its condition then', async () => {
    const store = storeAt(proxy.url);
    await store.write('t', [row('a')]);
    faultOf = first(1, 'late', call => isPutOf(call, 'a'));
    expect(await store.write('t', [row('a', 1, 2)])).toEqual(['failed']);
    expect(await store.write('t', [row('a', 1, 3)])).toEqual(['written']);
    await proxy.settled();
    expect(await stored('a')).toEqual(['a@3']);
  });

  test('larger than an item can be fails alone', async () => {
    const large = { ...row('large'), bytes: new Uint8Array(longestItem) };
    expect(await storeAt(proxy.url).write('t', [row('a'), large])).toEqual(['written', 'failed']);
  });

  test('of the largest head under the longest key is taken', async () => {
    const largest = { ...row('k'.repeat(1024)), bytes: new Uint8Array(dynamoRowLimits.itemBytes as number) };
    expect(await storeAt(proxy.url).write('t', [largest])).toEqual(['written']);
  });

  test('to a table that is not there rejects and says so', async () => {
    await expect(storeAt(proxy.url).write('nowhere', [row('a')])).rejects.toMatchObject({
      name: 'StoreError',
      reason: 'unavailable',
      message: expect.stringMatching(/nowhere.*ResourceNotFoundException.*deploy/s),
    });
  });
});

describe('a read', () => {
  const keys = Array.from({ length: 230 }, (_, i) => `k${i}`);
  beforeEach(async () => {
    await storeAt(server.url).write(
      't',
      keys.map(key => row(key)),
    );
  });

  test('asks for each key once, a hundred at a time', async () => {
    const found = await storeAt(proxy.url).read('t', [...keys, ...keys, 'none']);
    expect(found.map(one => one && text(one.bytes))).toEqual([
      ...[...keys, ...keys].map(key => `${key}@1`),
      null,
    ]);
    expect(proxy.calls.map(call => call.operation)).toEqual(Array(3).fill('BatchGetItem'));
  });

  test.each([
    { fault: 'put off', times: 12 },
    { fault: 'throttle', times: 5 },
    { fault: 'error', times: 5 },
    { fault: 'reset', times: 5 },
  ] as const)('met by $fault $times times finds everything', async ({ fault, times }) => {
    faultOf = first(times, fault);
    const found = await storeAt(proxy.url).read('t', keys);
    expect(found.map(one => one && text(one.bytes))).toEqual(keys.map(key => `${key}@1`));
    expect(proxy.calls.length).toBeGreaterThan(times);
  });

  test.each([
    { fault: 'throttle', reason: 'throttled' },
    { fault: 'error', reason: 'unavailable' },
    { fault: 'reset', reason: 'unavailable' },
    { fault: 'put off', reason: 'throttled' },
  ] as const)('met by $fault always rejects as $reason: throttled and failed are never absent', async c => {
    faultOf = () => c.fault;
    await expect(storeAt(proxy.url).read('t', ['k1'])).rejects.toMatchObject({
      name: 'StoreError',
      reason: c.reason,
    });
  });

  // Dynalite's answers have no such end.
  test.skipIf(dynamoLocalUrl === null)('larger than one answer can be is whole', async () => {
    const large = keys
      .slice(0, 50)
      .map((key, i) => ({ ...row(key, 1), bytes: new Uint8Array(380_000).fill(i) }));
    await storeAt(server.url).write('t', large);
    const found = await storeAt(proxy.url).read(
      't',
      large.map(({ key }) => key),
    );
    expect(found.map(one => [one?.bytes.length, one?.bytes[7]])).toEqual(large.map((_, i) => [380_000, i]));
    expect(proxy.calls).toHaveLength(2);
  });

  test('is strongly consistent unless it was wanted otherwise', async () => {
    await storeAt(proxy.url).read('t', ['a']);
    await storeAt(proxy.url, { consistentReads: false }).read('t', ['a']);
    expect(
      proxy.calls.map(
        call => Object.values<{ ConsistentRead: boolean }>(call.body.RequestItems)[0]?.ConsistentRead,
      ),
    ).toEqual([true, false]);
  });

  test('of an item that is no row hands out bytes of no codec, which can be replaced', async () => {
    const client = direct();
    await client.send(
      new PutItemCommand({ TableName: tables.names.tableName('t'), Item: { k: { S: 'rx' } } }),
    );
    const store = storeAt(proxy.url);
    const [found] = await store.read('t', ['x']);
    expect(found?.version).toBeGreaterThan(0);
    expect([...(found?.bytes ?? [])]).toEqual([0]);
    const write = { ...row('x'), expected: found?.version ?? 0, version: 9 };
    expect(await store.write('t', [write, row('y', found?.version)])).toEqual(['written', 'conflict']);
  });
});

describe('runs', () => {
  const runs = Array.from({ length: 60 }, (_, i) => ({ id: `run ${i}`, bytes: bytes(`bytes ${i}`) }));

  test.each(['put off', 'throttle', 'error', 'reset', 'lose'] as const)(
    'are all written in spite of %s',
    async fault => {
      faultOf = first(6, fault);
      const store = storeAt(proxy.url);
      await store.writeRuns('t', runs);
      faultOf = first(6, fault);
      await store.deleteRuns('t', ['run 3', 'run 3', 'run 59']);
      faultOf = () => null;
      const found = await store.readRuns(
        't',
        runs.map(run => run.id),
      );
      const expected = runs.map(({ id }, i) => (id === 'run 3' || id === 'run 59' ? null : `bytes ${i}`));
      expect(found.map(one => one && text(one))).toEqual(expected);
    },
  );
});

describe('progress', () => {
  const at = (sequence: bigint) => ({ sequence, index: 0 });
  const start = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989n;

  test.each(['throttle', 'error', 'reset', 'lose', 'late'] as const)(
    'moves once, and never back, in spite of %s',
    async fault => {
      const store = storeAt(proxy.url);
      faultOf = first(2, fault);
      await store.advanceProgress('life', 'shard', at(start + 5n));
      faultOf = first(1, fault);
      await store.advanceProgress('life', 'shard', at(start));
      expect(await store.readProgress('life')).toEqual(new Map([['shard', at(start + 5n)]]));
    },
  );

  test('is where the furthest of many put it', async () => {
    const store = storeAt(proxy.url);
    const steps = Array.from({ length: 40 }, (_, i) => BigInt((i * 17) % 40));
    await Promise.all(steps.map(step => store.advanceProgress('life', 'shard', at(start + step))));
    expect(await store.readProgress('life')).toEqual(new Map([['shard', at(start + 39n)]]));
  });

  test('that cannot be read or moved rejects', async () => {
    const store = storeAt(proxy.url);
    faultOf = () => 'throttle';
    await expect(store.readProgress('life')).rejects.toMatchObject({ reason: 'throttled' });
    faultOf = () => 'error';
    await expect(store.advanceProgress('life', 's', at(1n))).rejects.toMatchObject({ reason: 'unavailable' });
  });
});

describe('what it does beside', () => {
  test('the units that requests took are reported, those of failed conditions too', async () => {
    const uses: ConsumedUnits[] = [];
    const store = storeAt(proxy.url, { onConsumed: use => uses.push(use) });
    await store.write('t', [row('a'), { ...row('b'), bytes: new Uint8Array(2_500) }]);
    await store.write('t', [{ ...row('b'), bytes: new Uint8Array(2_500) }]);
    await store.read('t', ['a', 'b']);
    await store.readProgress('life');
    const table = tables.names.tableName('t');
    // The two rows of one write go side by side: either may be answered first.
    const together = uses.splice(0, 2).sort((x, y) => x.units - y.units);
    expect([...together, ...uses].map(use => [use.operation, use.table, use.units])).toEqual([
      ['PutItem', table, 1],
      ['PutItem', table, 3],
      ['PutItem', table, 3],
      ['BatchGetItem', table, 2],
      ['Query', tables.names.progressTable, expect.any(Number)],
    ]);
  });

  test('an update of a full head takes one unit, under keys of up to 45 bytes', async () => {
    const uses: ConsumedUnits[] = [];
    // Zeros at the end of a number take no room: here are none.
    const clock = { now: () => 1_767_225_611_111 };
    const store = storeAt(server.url, { clock, onConsumed: use => uses.push(use), ttlOf: () => 60_000 });
    const full = (length: number) => ({
      ...row('k'.repeat(length), 0, clock.now()),
      bytes: new Uint8Array(dynamoRowLimits.headBytes),
    });
    await store.write('t', [full(45)]);
    await store.write('t', [full(46)]);
    expect(uses.map(use => use.units)).toEqual([1, 2]);
  });

  test('rows say when they may be dropped, where their table has it', async () => {
    // In years: a row of the past could be dropped before it is looked at.
    const clock = { now: () => 4_000_000_000_500 };
    const store = storeAt(server.url, { clock, ttlOf: () => 60_000 });
    await store.write('t', [row('a')]);
    await storeAt(server.url, { clock }).write('t', [row('b')]);
    const expiry = async (key: string) =>
      (
        await direct().send(
          new GetItemCommand({ TableName: tables.names.tableName('t'), Key: { k: { S: `r${key}` } } }),
        )
      ).Item?.e?.N;
    expect(await expiry('a')).toBe('4000000061');
    expect(await expiry('b')).toBeUndefined();
  });

  test('pauses grow, differ by chance, and end', async () => {
    const pauses: number[] = [];
    let n = 0;
    const store = storeAt(proxy.url, {
      pauses: {
        sleep: async ms => void pauses.push(ms),
        random: () => (n++ % 2 === 0 ? 0.5 : 0.999),
      },
    });
    faultOf = () => 'throttle';
    await expect(store.read('t', ['a'])).rejects.toMatchObject({ reason: 'throttled' });
    expect(pauses).toHaveLength(7);
    expect(pauses[0]).toBe(25);
    expect(pauses[2]).toBe(100);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(500);
  });

  test('keys that are no valid text are read as they were written', async () => {
    const store = storeAt(proxy.url);
    expect(await store.write('t', [row('a\ud800')])).toEqual(['written']);
    expect((await store.read('t', ['a\ud800', 'a\udfff']))[0]?.version).toBe(1);
  });
});
