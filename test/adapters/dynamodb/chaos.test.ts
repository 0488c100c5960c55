import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDynamoStateStore } from '../../../lib/adapters/dynamodb/state-store.ts';
import { dynamoRowLimits } from '../../../lib/adapters/dynamodb/tables.ts';
import type { Profile } from '../../chaos/profile.ts';
import { createRandom, type Random } from '../../chaos/random.ts';
import { runInRealTime } from '../../chaos/real-time.ts';
import { type Call, type Fault, startFaultyProxy } from './faulty-proxy.ts';
import { type DynamoServer, startDynamo } from './servers.ts';
import { makeTables, testClient } from './support.ts';

/** The exactly-once protocol over real requests that fail: the real transform, this adapter, and a proxy of faults. */

const seed = 20_240_511;
let server: DynamoServer;
beforeAll(async () => {
  server = await startDynamo();
});
afterAll(() => server.stop());

test('whatever fails on the wire, every one of 10,000 events has its effect once', async () => {
  const { events, counts, faults, problems } = await runOnTheWire(seed, { events: 10_000 });
  console.log(`seed ${seed}: ${JSON.stringify({ events, ...counts, ...faults })}`);
  expect(problems, `seed ${seed}`).toEqual([]);
  expect(events).toBeGreaterThanOrEqual(10_000);
  expect(Object.entries({ ...counts, ...faults }).filter(([, n]) => n === 0)).toEqual([]);
}, 240_000);

test('without the condition of writes it is seen to be wrong', async () => {
  const withoutCondition = ({ body }: Call) => {
    if (body.Item?.v === undefined) return;
    delete body.ConditionExpression;
    delete body.ExpressionAttributeValues;
  };
  const { problems } = await runOnTheWire(seed + 1, { events: 1_500 }, withoutCondition);
  expect(problems).not.toEqual([]);
}, 120_000);

async function runOnTheWire(seed: number, { events }: { events: number }, rewrite?: (call: Call) => void) {
  const random = createRandom(seed);
  const { faultOf, faults } = createFaults(random.fork());
  const drawn = random.fork();
  const proxy = await startFaultyProxy(server.url, {
    faultOf,
    delayMs: () => drawn.below(drawn.chance(0.1) ? 3_000 : 300),
    rewrite,
  });
  const direct = testClient(server.url);
  const { names } = await makeTables(direct, 'user_activity@1', 'item_activity@1', 'user_item@1');
  const client = testClient(proxy.url, 1_000);
  try {
    const result = await runInRealTime({
      profile: { ...profile, events },
      random: random.fork(),
      connect: () => createDynamoStateStore({ client, ...names, pauses }),
      direct: createDynamoStateStore({ client: direct, ...names }),
      settled: () => proxy.settled(),
    });
    return { ...result, faults };
  } finally {
    await proxy.stop();
    client.destroy();
    direct.destroy();
  }
}

/** Short ones: what is out comes back soon here. */
const pauses = { sleep: (ms: number) => sleep(ms / 20), random: Math.random };

/** Of each request. */
const chances: Readonly<Record<Fault, number>> = {
  throttle: 0.02,
  error: 0.005,
  reset: 0.005,
  lose: 0.01,
  late: 0.005,
  slow: 0.01,
  hang: 0.001,
  'put off': 0.2,
};

/**
 * Draws what happens to each request. Now and then a part of the rows, or everything, is out, until so many requests
 * were turned away that some attempt has given up.
 */
function createFaults(random: Random) {
  const names = Object.keys(chances) as Fault[];
  const faults = { ...Object.fromEntries(names.map(name => [name, 0])), outage: 0 } as Record<
    Fault | 'outage',
    number
  >;
  let outage: { readonly fault: Fault; readonly partition: number | null; left: number } | null = null;

  function draw({ operation, body }: Call): Fault | null {
    if (outage === null && random.chance(0.002)) {
      const fault = (['error', 'throttle', 'reset'] as const)[faults.outage % 3] as Fault;
      const partition = faults.outage % 2 === 0 ? random.below(partitions) : null;
      outage = { fault, partition, left: partition === null ? 120 : 500 };
      faults.outage++;
    }
    if (outage !== null) {
      const { fault, partition } = outage;
      if (partition === null || body.Item?.k?.S.length % partitions === partition) {
        if (--outage.left === 0) outage = null;
        return fault;
      }
    }
    let left = random.float();
    for (const fault of names) {
      if (fault === 'put off' && !operation.startsWith('Batch')) continue;
      left -= chances[fault];
      if (left < 0) return fault;
    }
    return null;
  }

  return {
    faults,
    faultOf(call: Call): Fault | null {
      const fault = draw(call);
      if (fault !== null) faults[fault]++;
      return fault;
    },
  };
}

const partitions = 3;

const profile: Omit<Profile, 'events'> = {
  feed: 'home',
  users: 40,
  items: 10,
  eventsPerSecond: 1_000,
  shards: 3,
  reshardings: 2,
  isRecreated: false,
  // Small heads, so that rows spill to runs, and runs are replaced.
  limits: { ...dynamoRowLimits, headBytes: 300, runBytes: 2_000 },
  mostRecordsInBatch: 200,
  timeoutMs: 400,
  replays: 1,
  outages: 0,
  corruptions: 0,
  redrives: 0,
  reads: 0,
  chances: {
    packed: 0.2,
    copied: 0.1,
    bad: 0.005,
    late: 0.005,
    sleep: 0.15,
    crash: 0,
    endsProcess: 0,
    bisect: 0,
    repoll: 0,
    throttled: 0,
    failed: 0,
    lost: 0,
    landsLate: 0,
    callFails: 0,
  },
};
