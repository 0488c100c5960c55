import { expect, test } from 'vitest';
import { count, definitions, featureGroup, stream, string, timestamp } from '../../lib/define/index.ts';
import type { Plan } from '../../lib/kernel/plan.ts';
import { StoreError } from '../../lib/runtime/errors.ts';
import { followPlan } from '../../lib/runtime/follow-plan.ts';
import { tablesOf } from '../../lib/runtime/plan-tables.ts';
import type { ActivePlan, LogRecord } from '../../lib/runtime/ports.ts';
import { createReader } from '../../lib/runtime/read.ts';
import { createTransform } from '../../lib/runtime/transform.ts';
import { createRandom } from '../chaos/random.ts';
import { createMemoryActivePlan } from '../support/memory-active-plan.ts';
import { createMemoryQuarantine } from '../support/memory-quarantine.ts';
import { createMemory, createMemoryStateStore } from '../support/memory-state-store.ts';
import { createMemoryUnapplied } from '../support/memory-unapplied.ts';
import { now, song, user } from '../support/plays.ts';

const views = stream('views', {
  schema: { id: string(), user: string(), song: string(), ts: timestamp() },
  eventTime: 'ts',
  key: 'user',
  dedupe: { by: 'id', within: '1h' },
});
const viewsOf = (entity: typeof user | typeof song, version = 1) =>
  featureGroup(`${entity.name}_views`, {
    version,
    entity: entity as typeof user,
    from: views,
    features: () => ({ views: count().over('7d') }),
  });

/** Releases as they follow each other: the users' rows, which remember the ids, are in all of them. */
const releases = [
  definitions({ groups: [viewsOf(user)] }).plan,
  definitions({ groups: [viewsOf(user), viewsOf(song)] }).plan,
  definitions({ groups: [viewsOf(user), viewsOf(song, 2)] }).plan,
];

const users = 5;
const events = 240;

/** The records of a shard, some of them copies of earlier ones under the same id and key. */
function recordsOf(shard: string, random: ReturnType<typeof createRandom>): LogRecord[] {
  const sent: string[] = [];
  return Array.from({ length: events }, (_, i) => {
    const text = JSON.stringify({
      id: `${shard}-${i}`,
      user: `${shard}-u${random.below(users)}`,
      song: `s${random.below(4)}`,
      ts: now,
    });
    sent.push(random.chance(0.2) && i > 0 ? random.pick(sent) : text);
    return { shard, sequence: i + 1, arrivalTime: now, data: Buffer.from(sent[i]!) };
  });
}

async function activate(activePlan: ActivePlan, plan: Plan) {
  const tables = Object.fromEntries(tablesOf(plan).map(({ table }) => [table, table]));
  await activePlan.writePlan({ plan, tables });
  const before = await activePlan.read();
  await activePlan.activate({
    plan: plan.hash,
    number: (before?.number ?? 0) + 1,
    activatedAt: now,
    previous: before?.plan ?? null,
    retired: {},
  });
}

test('while code and pointer come and go, whatever fails, the rows of a group in all Plans have each event once', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = createRandom(seed);
    const memory = createMemory();
    const activePlan = createMemoryActivePlan();
    let isFaulty = true;
    const faulty = createMemoryStateStore(
      {
        fault: () =>
          isFaulty && random.chance(0.05)
            ? random.pick(['conflict', 'failed', 'failed after writing'])
            : null,
        before(operation) {
          if (isFaulty && random.chance(0.02)) throw new StoreError('throttled', `${operation}, scripted`);
        },
      },
      memory,
    );
    /** A process that has the code of a release. */
    const start = (own: Plan) =>
      followPlan({
        activePlan,
        own,
        clock: { now: () => now },
        make: plan =>
          createTransform({
            plan,
            stream: 'views',
            incarnation: 'views-1',
            store: faulty,
            quarantine: createMemoryQuarantine(),
            unapplied: createMemoryUnapplied(),
            clock: { now: () => now },
          }),
      });
    await activate(activePlan, random.pick(releases));
    const processes = releases.map(start);
    const shards = ['a', 'b'].map(shard => ({ shard, records: recordsOf(shard, random), done: 0 }));
    for (let step = 0; shards.some(({ records, done }) => done < records.length); step++) {
      isFaulty = step < 400;
      if (random.chance(0.1)) await activate(activePlan, random.pick(releases));
      if (random.chance(0.1)) processes[random.below(processes.length)] = start(random.pick(releases));
      const at = random.pick(shards);
      const batch = { shard: at.shard, records: at.records.slice(at.done, at.done + random.between(1, 20)) };
      // Now and then a process that was thought dead goes on.
      const attempts = random.chance(0.1) ? 2 : 1;
      const results = await Promise.allSettled(
        Array.from({ length: attempts }, async () => (await random.pick(processes)())(batch)),
      );
      const [last] = results;
      if (last?.status !== 'fulfilled') continue;
      const { failures } = last.value;
      at.done = failures.length > 0 ? Number(failures[0]) - 1 : at.done + batch.records.length;
    }

    const expected = new Map<string, Set<string>>();
    for (const record of shards.flatMap(({ records }) => records)) {
      const { id, user: name } = JSON.parse(Buffer.from(record.data).toString());
      expected.set(name, (expected.get(name) ?? new Set()).add(id));
    }
    const reader = createReader({
      plan: releases[0]!,
      store: createMemoryStateStore({}, memory),
      clock: { now: () => now + 1 },
    });
    const names = [...expected.keys()].sort();
    const { entities } = await reader.readGroup(
      'user_views',
      names.map(name => ({ user: name })),
    );
    expect(
      entities.map(({ values }) => values.views_7d),
      `seed ${seed}`,
    ).toEqual(names.map(name => expected.get(name)!.size));
  }
});
