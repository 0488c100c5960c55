import { describe, expect, test } from 'vitest';
import { compileGroup, decodeIdRun, decodeRow, idRunForm } from '../../lib/kernel/index.ts';
import type { StateStore } from '../../lib/runtime/ports.ts';
import { type RowLimits, storedRunId } from '../../lib/runtime/rows.ts';
import { readTimeout } from '../../lib/runtime/run-graveyard.ts';
import { createTransform } from '../../lib/runtime/transform.ts';
import { createMemoryQuarantine } from '../support/memory-quarantine.ts';
import { createMemory, createMemoryStateStore } from '../support/memory-state-store.ts';
import { createMemoryUnapplied } from '../support/memory-unapplied.ts';
import { plan } from '../support/visits.ts';

/** What a home row remembers of the ids it counted, in its head and in runs. */

const second = 1000;
const hour = 3600 * second;
const start = Date.UTC(2024, 4, 1, 12);
const table = 'visits@1';
const kernel = compileGroup(plan, plan.groups[0] as (typeof plan.groups)[number]);

const roomy: RowLimits = { headBytes: 100_000, runBytes: 100_000 };
const small: RowLimits = { headBytes: 200, runBytes: 4_000 };

interface Visit {
  readonly id: string;
  readonly at: number;
  readonly user?: string;
}

function createWorld(limits: RowLimits = small) {
  const memory = createMemory();
  const store = createMemoryStateStore({}, memory);
  const calls: string[] = [];
  const clock = { time: start, now: () => clock.time };
  const watched: StateStore = {
    ...store,
    readRuns(of, ids) {
      calls.push(`readRuns ${ids.length}`);
      return store.readRuns(of, ids);
    },
  };
  const newTransform = (through: StateStore = watched) =>
    createTransform({
      plan,
      stream: 'pages',
      incarnation: 'pages-1',
      store: through,
      quarantine: createMemoryQuarantine(),
      unapplied: createMemoryUnapplied(),
      clock,
      limits,
    });
  const sequences = new Map<string, number>();
  const batch = (visits: readonly Visit[], shard = 'a') => ({
    shard,
    records: visits.map(({ id, at, user = 'u' }) => {
      const sequence = (sequences.get(shard) ?? 0) + 1;
      sequences.set(shard, sequence);
      const data = Buffer.from(JSON.stringify({ id, user, ts: start + at }));
      return { shard, sequence, arrivalTime: start + at, data };
    }),
  });
  const transform = newTransform();
  const row = (user = 'u') => decodeRow(kernel, memory.rows.get(table)!.get(user)!.bytes);
  return {
    memory,
    store: watched,
    clock,
    calls,
    newTransform,
    transform,
    batch,
    send: (visits: readonly Visit[], shard = 'a') => transform(batch(visits, shard)),
    row,
    visits: (user = 'u') => {
      const { state, runs } = row(user);
      for (const { id } of runs) {
        kernel.merge(state, kernel.decode(memory.runs.get(table)!.get(storedRunId(user, id))!));
      }
      return kernel.finalize(state, Number.MAX_SAFE_INTEGER).values[0];
    },
    idRuns: () => [...(memory.runs.get(table) ?? [])].filter(([, bytes]) => bytes[0] === idRunForm),
  };
}

/** One visit every ten seconds, each in a batch of its own. */
async function visit({ send }: Pick<ReturnType<typeof createWorld>, 'send'>, from: number, to: number) {
  for (let i = from; i < to; i++) await send([{ id: `v${i}`, at: i * 10 * second }]);
}

describe('ids that a home row counted', () => {
  test('are settled by the next batch, unless one is in flight on the row', async () => {
    const world = createWorld(roomy);
    await world.send([
      { id: 'a', at: 0 },
      { id: 'b', at: 1 },
    ]);
    expect(world.row()).toMatchObject({ ring: { count: 2 }, settled: null });
    await world.send([{ id: 'c', at: 2 }]);
    expect(world.row()).toMatchObject({ ring: { count: 1 }, settled: { count: 2 } });

    // Of another shard, whose progress did not get through: its ids stay as they are, and so does all after them.
    const away = { ...world.store, advanceProgress: () => Promise.reject(new Error('away')) };
    const lost = world.batch([{ id: 'd', at: 3 }], 'b');
    await expect(world.newTransform(away)(lost)).rejects.toThrow('away');
    await world.send([{ id: 'e', at: 4 }]);
    expect(world.row()).toMatchObject({ ring: { count: 2 }, settled: { count: 3 } });
    expect(await world.newTransform()(lost)).toMatchObject({ accepted: 1 });
    await world.send([{ id: 'f', at: 5 }]);
    expect(world.row()).toMatchObject({ ring: { count: 1 }, settled: { count: 5 } });
    expect(world.visits()).toBe(6);
  });

  test.each([
    ['in the head', roomy],
    ['in runs', small],
  ])('are known for as long as copies may come: %s', async (_, limits) => {
    const world = createWorld(limits);
    await visit(world, 0, 300);
    expect(world.row().idRuns.length > 0).toBe(limits === small);
    const counted = async (i: number, at: number) => (await world.send([{ id: `v${i}`, at }])).accepted === 1;
    const newest = 2990 * second;
    for (const i of [0, 1, 50, 151, 298, 299]) expect(await counted(i, newest), `v${i}`).toBe(false);
    // The tenth came 100 s after the start: inclusively an hour ago, and a millisecond more.
    expect(await counted(10, hour + 100 * second)).toBe(false);
    expect(await counted(10, hour + 100 * second + 1)).toBe(true);
    expect(await counted(10, hour + 100 * second + 2)).toBe(false);
    expect(world.visits()).toBe(301);
  });

  test('leave the head when it is full: it stays small however many there are', async () => {
    const world = createWorld(small);
    for (let i = 0; i < 700; i++) {
      await world.send([{ id: `v${i}`, at: i * second }]);
      const { bytes } = world.memory.rows.get(table)!.get('u')!;
      expect(bytes.length).toBeLessThanOrEqual(small.headBytes + 20 * world.row().idRuns.length);
      expect(world.row().idRuns.length).toBeLessThanOrEqual(12);
    }
    const ids = world.row().idRuns.reduce((sum, { id }) => {
      const run = decodeIdRun(world.memory.runs.get(table)!.get(storedRunId('u', id))!);
      return sum + run.count;
    }, world.row().settled?.count ?? 0);
    expect(ids).toBe(699);
    expect(world.visits()).toBe(700);
  });
});

describe('runs of ids', () => {
  test('are read by who does not know them, those of all rows at once, and then no more', async () => {
    const world = createWorld();
    const users = ['u', 'v', 'w'];
    for (let i = 0; i < 60; i++)
      await world.send(users.map(user => ({ id: `v${i}`, at: i * 10 * second, user })));
    expect(world.calls).toEqual([]);
    const runs = users.reduce((sum, user) => sum + world.row(user).idRuns.length, 0);
    expect(runs).toBeGreaterThanOrEqual(3);
    const other = world.newTransform();
    const again = (at: number) => world.batch(users.map(user => ({ id: 'v3', at, user })));
    expect(await other(again(601 * second))).toMatchObject({ accepted: 0, skipped: 3, copies: 3 });
    expect(world.calls).toEqual([`readRuns ${runs}`]);
    expect(await other(again(602 * second))).toMatchObject({ accepted: 0, skipped: 3, copies: 3 });
    expect(world.calls).toEqual([`readRuns ${runs}`]);
  });

  test('that can tell no copy any more go unread, and are deleted once no reader is on its way to them', async () => {
    const world = createWorld();
    await visit(world, 0, 60);
    expect(world.idRuns().length).toBeGreaterThan(0);
    const other = world.newTransform();
    const later = (at: number) => other(world.batch([{ id: 'new', at }]));
    expect(await later(3 * hour)).toMatchObject({ accepted: 1 });
    expect(world.calls).toEqual([]);
    expect(world.row().idRuns).toEqual([]);
    expect(world.idRuns().length).toBeGreaterThan(0);
    world.clock.time += readTimeout;
    await later(3 * hour + 1);
    expect(world.idRuns()).toEqual([]);
  });

  test('that went away between the reads send the fold back to the row', async () => {
    const world = createWorld();
    await visit(world, 0, 60);
    let isFirst = true;
    const slow = world.newTransform({
      ...world.store,
      async readRuns(of, ids) {
        if (isFirst) {
          isFirst = false;
          world.clock.time += readTimeout;
          // Another batch rewrites the row, and what it replaced is deleted: here by hand.
          await visit(world, 60, 200);
          for (const id of ids) world.memory.runs.get(of)!.delete(id);
          const named = world.row().idRuns.map(run => storedRunId('u', run.id));
          expect(named.filter(id => ids.includes(id))).toEqual([]);
        }
        return world.store.readRuns(of, ids);
      },
    });
    const late = world.batch(
      [
        { id: 'v3', at: 2001 * second },
        { id: 'x', at: 2001 * second },
      ],
      'b',
    );
    expect(await slow(late)).toMatchObject({ accepted: 1, skipped: 1, failed: 0 });
    expect(world.visits()).toBe(201);
  });

  test.each([
    ['stay away', null],
    ['are none', Uint8Array.of(1, 2)],
  ])('that %s are given up: only copies of what they held count again', async (_, bytes) => {
    const world = createWorld();
    await visit(world, 0, 60);
    const [id, run] = world.idRuns()[0]!;
    const lost = decodeIdRun(run).count;
    const runs = world.memory.runs.get(table)!;
    if (bytes === null) runs.delete(id);
    else runs.set(id, bytes);
    const all = world.batch(Array.from({ length: 60 }, (_, i) => ({ id: `v${i}`, at: 601 * second })));
    expect(await world.newTransform()(all)).toMatchObject({ accepted: lost, skipped: 60 - lost, failed: 0 });
    expect(world.visits()).toBe(60 + lost);
    expect(world.row().idRuns.map(its => storedRunId('u', its.id))).not.toContain(id);
  });
});
