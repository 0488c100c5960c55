import { expect, test } from 'vitest';
import type { StateStore } from '../../lib/runtime/ports.ts';
import { createReader } from '../../lib/runtime/read.ts';
import { redriveUnapplied } from '../../lib/runtime/redrive-unapplied.ts';
import { createTransform } from '../../lib/runtime/transform.ts';
import { createMemoryQuarantine } from '../support/memory-quarantine.ts';
import { createMemory, createMemoryStateStore } from '../support/memory-state-store.ts';
import { createMemoryUnapplied } from '../support/memory-unapplied.ts';
import { plan } from '../support/visits.ts';

/** Copies of events among those that are set aside for a faulty home row. */

const minute = 60_000;
const start = Date.UTC(2024, 4, 1, 12);
const table = 'visits@1';

/** A home row that is faulty, for its bytes went bad after one visit. */
async function faultyWorld() {
  const memory = createMemory();
  const store = createMemoryStateStore({}, memory);
  const unapplied = createMemoryUnapplied();
  const clock = { now: () => start + 3 * 60 * minute };
  const newTransform = (through: StateStore) =>
    createTransform({
      plan,
      stream: 'pages',
      incarnation: 'pages-1',
      store: through,
      quarantine: createMemoryQuarantine(),
      unapplied,
      clock,
    });
  const sequences = new Map<string, number>();
  const send = (shard: string, id: string, at: number, through: StateStore = store) => {
    const sequence = (sequences.get(shard) ?? 0) + 1;
    sequences.set(shard, sequence);
    const data = Buffer.from(JSON.stringify({ id, user: 'u', ts: start }));
    return newTransform(through)({ shard, records: [{ shard, sequence, arrivalTime: start + at, data }] });
  };
  await send('a', 'v1', 0);
  const rows = memory.rows.get(table)!;
  const whole = rows.get('u')!;
  // A codec that never was.
  rows.set('u', { ...whole, bytes: whole.bytes.map((byte, i) => (i === 0 ? 0 : byte)) });
  await send('a', 'v2', 1);
  return {
    store,
    memory,
    send,
    entries: async () =>
      (await unapplied.list({ limit: 100 })).map(
        ({ position: { shard, sequence } }) => `${shard}/${sequence}`,
      ),
    /** Gives the row its bytes back, then the events that it lacks. */
    async redrive() {
      const [kept] = memory.runs.get(table)!.keys();
      memory.runs.get(table)!.set(kept!, whole.bytes);
      return redriveUnapplied({ plan, store, unapplied, clock });
    },
    async visits() {
      const { entities } = await createReader({ plan, store, clock }).readGroup('visits', [{ user: 'u' }]);
      return entities[0]!.values.visits_lifetime;
    },
  };
}

test('a copy that an overtaken attempt took for new is not counted beside its original', async () => {
  const world = await faultyWorld();
  let hasRead = false;
  const overtaken = createMemoryStateStore(
    {
      // Once the row was read, and before it is judged, another shard sets the original aside.
      async before(operation, of) {
        if (operation === 'read' && of === table) hasRead = true;
        if (operation !== 'readProgress' || !hasRead) return;
        hasRead = false;
        if ((await world.entries()).length === 1) await world.send('a', 'v3', 2);
      },
    },
    world.memory,
  );
  await world.send('b', 'v3', 3, overtaken);
  expect((await world.entries()).sort()).toEqual(['a/2', 'a/3', 'b/1']);
  expect(await world.redrive()).toEqual({ applied: 2, settled: 1, waiting: [] });
  expect(await world.visits()).toBe(3);
  expect(await world.entries()).toEqual([]);
});

test('an id that comes again after `within` is an event of its own', async () => {
  const world = await faultyWorld();
  await world.send('a', 'v3', 2);
  await world.send('a', 'v3', 2 + 60 * minute);
  await world.send('a', 'v3', 3 + 60 * minute);
  expect(await world.redrive()).toEqual({ applied: 3, settled: 0, waiting: [] });
  expect(await world.visits()).toBe(4);
});
