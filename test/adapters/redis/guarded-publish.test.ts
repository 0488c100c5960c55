import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RedisClient } from '../../../lib/adapters/redis/client.ts';
import { createRedisRowCache } from '../../../lib/adapters/redis/row-cache.ts';
import { bytes, text } from '../../conformance/harness.ts';
import { noRedis, type RedisServer, startRedis } from './server.ts';

/**
 * One row, its writers, readers that read through, and the cache, each a step at a time in any order: between any two
 * steps of one come steps of others, and time. Time is made to pass by moving everything that is timed back: what
 * publishers know, and the ends of the entries in Redis.
 */

const boundMs = 20_000;
const content = (version: number) => `row as of ${version}`;

/** The next thing to happen: a new writer or reader, the nth that is under way takes its next step or dies, time, a look. */
const step = fc.oneof(
  { weight: 2, arbitrary: fc.constant({ do: 'write' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'read through' as const }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('go on' as const), nth: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('die' as const), nth: fc.nat(4) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 500, max: 9_500 }) }),
  },
  { weight: 5, arbitrary: fc.constant({ do: 'look' as const }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** In one step: time that passes between two commands would lengthen the entry's. */
const expireSooner = `
local left = redis.call('PTTL', KEYS[1])
if left > 0 then redis.call('PEXPIRE', KEYS[1], math.max(0, left - tonumber(ARGV[1]))) end
`;

const goOn = (nth: number): Step => ({ do: 'go on', nth });
const wait = (ms: number): Step => ({ do: 'wait', ms });
/** What random steps come upon too rarely. */
const examples: [Step[]][] = [
  // A reader held up for longer than the newer row's entry stands, which was known a while before it was written.
  [
    [
      ...[{ do: 'write' } as const, goOn(0), goOn(0), wait(5_000)],
      ...[{ do: 'read through' } as const, goOn(1), goOn(1)],
      ...[goOn(0), goOn(0), { do: 'look' } as const],
      ...[wait(9_500), wait(5_700), goOn(0), { do: 'look' } as const],
    ],
  ],
  // An entry that comes late, after a write that is never published.
  [
    [
      ...[{ do: 'read through' } as const, goOn(0), goOn(0)],
      ...[{ do: 'write' } as const, goOn(1), goOn(1), goOn(1), { do: 'die', nth: 1 } as const],
      ...[wait(9_000), goOn(0), wait(9_500), wait(3_000), { do: 'look' } as const],
    ],
  ],
];

describe('guarded publication', () => {
  if (noRedis !== undefined) {
    test('all of it', context => context.skip(true, noRedis));
    return;
  }
  let server: RedisServer;
  let client: RedisClient;
  beforeAll(async () => {
    server = await startRedis();
    client = await server.connect();
  });
  afterAll(async () => {
    await client?.close();
    await server?.dispose();
  });

  test('in whatever order rows are published and expire, no reader sees an older version after a newer, or one from before the bound', async () => {
    let runs = 0;
    const happened = { seen: 0, newer: 0, unknown: 0, conflicts: 0, died: 0, late: 0, overtaken: 0 };

    /** Runs the steps; `expect` throws where the cache gives what it must not. */
    async function run(steps: readonly Step[]): Promise<void> {
      const prefix = `run ${runs++}:`;
      const cache = createRedisRowCache({
        client,
        prefix,
        boundMs,
        readWithinMs: 10_000,
        publishWithinMs: 10_000,
      });
      const entry = `${prefix}cached:{t:a}`;
      let passed = 0;
      const now = () => Date.now() + passed;
      let stored = 0;
      const replacedAt: number[] = [];
      let latest = 0;
      let published = 0;
      const underWay: AsyncGenerator<void>[] = [];

      async function publish(version: number, knownAt: number): Promise<void> {
        const row = version === 0 ? null : { version, bytes: bytes(content(version)) };
        if (now() - knownAt > boundMs / 2) happened.late++;
        else if (version < published) happened.overtaken++;
        else published = version;
        await cache.publish('t', [{ key: 'a', row }], knownAt - passed);
      }
      async function* writer() {
        const expected = stored;
        yield;
        const knownAt = now();
        yield;
        if (stored !== expected) {
          happened.conflicts++;
          return;
        }
        replacedAt[stored] = now();
        stored = expected + 1;
        yield;
        await publish(expected + 1, knownAt);
      }
      async function* reader() {
        const knownAt = now();
        yield;
        const version = stored;
        yield;
        await publish(version, knownAt);
      }
      async function goOn(nth: number): Promise<void> {
        const place = nth % underWay.length;
        if ((await underWay[place]!.next()).done) underWay.splice(place, 1);
      }

      for (const what of steps) {
        if (what.do === 'write') underWay.push(writer());
        else if (what.do === 'read through') underWay.push(reader());
        else if (what.do === 'wait') {
          passed += what.ms;
          await client.call('EVAL', expireSooner, 1, entry, what.ms);
        } else if (what.do === 'look') {
          const asked = now();
          const [row] = await cache.read('t', ['a']);
          if (row === undefined) {
            happened.unknown++;
            continue;
          }
          const version = row?.version ?? 0;
          if (row !== null) expect(text(row.bytes)).toBe(content(version));
          expect(version).toBeLessThanOrEqual(stored);
          expect(version, 'after a newer one').toBeGreaterThanOrEqual(latest);
          const age = asked - (replacedAt[version] ?? asked);
          // Whole milliseconds, of two clocks.
          expect(age, 'ms since it was replaced').toBeLessThanOrEqual(boundMs + 5);
          happened.seen++;
          if (version > latest) happened.newer++;
          latest = version;
        } else if (underWay.length > 0) {
          if (what.do === 'go on') await goOn(what.nth);
          else {
            underWay.splice(what.nth % underWay.length, 1);
            happened.died++;
          }
        }
      }
    }

    // fast-check prints the seed and the steps of a failure.
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 120, maxLength: 160 }), run), {
      numRuns: 300,
      examples,
    });
    for (const [what, n] of Object.entries(happened)) expect(n, what).toBeGreaterThan(20);
  }, 60_000);
});
