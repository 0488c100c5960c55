import { beforeEach, describe, expect, test } from 'vitest';
import { count, defineFunction, definitions, featureGroup, string } from '../../lib/define/index.ts';
import type { Plan } from '../../lib/kernel/plan.ts';
import { activatePlan } from '../../lib/runtime/activate-plan.ts';
import { StoreError } from '../../lib/runtime/errors.ts';
import { followPlan } from '../../lib/runtime/follow-plan.ts';
import { tablesOf } from '../../lib/runtime/plan-tables.ts';
import type { ActivePlan } from '../../lib/runtime/ports.ts';
import { createMemoryActivePlan } from '../support/memory-active-plan.ts';
import { plays, songPlays, user, userPlays } from '../support/plays.ts';

const users = definitions({ groups: [userPlays] }).plan;
const both = definitions({ groups: [userPlays, songPlays] }).plan;

let activePlan: ActivePlan;
let operations: string[];
let time: number;
let fault: Error | null;
beforeEach(() => {
  operations = [];
  time = 1_000;
  fault = null;
  activePlan = createMemoryActivePlan(operation => {
    operations.push(operation);
    if (fault !== null) throw fault;
  });
});
const clock = { now: () => time };

async function activate(plan: Plan, life = '') {
  const tables = Object.fromEntries(tablesOf(plan).map(({ table }) => [table, `${table}${life}`]));
  await activatePlan({ activePlan, clock }, { plan, tables });
  operations = [];
}

/** What a follower makes of a Plan: its hash, and the name of its first table. */
function follower(own: Plan, maxAgeMs?: number) {
  const made: string[] = [];
  const follow = followPlan({
    activePlan,
    own,
    clock,
    ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
    make(plan, nameOf) {
      made.push(plan.hash);
      return { plan: plan.hash, table: () => nameOf('user_plays@1') };
    },
  });
  return { follow, made };
}

test('code computes by its own Plan when that is active, and is ready for it at once', async () => {
  await activate(users);
  const { follow, made } = follower(users);
  expect(made).toEqual([users.hash]);
  const found = await follow();
  expect([found.plan, found.table()]).toEqual([users.hash, 'user_plays@1']);
  expect(made).toEqual([users.hash]);
});

test('new code computes by the Plan before, until the pointer moves; old code by the one after', async () => {
  await activate(users);
  const [fresh, old] = [follower(both), follower(users)];
  const plans = async () => [(await fresh.follow()).plan, (await old.follow()).plan];
  expect(await plans()).toEqual([users.hash, users.hash]);
  await activate(both);
  expect(await plans()).toEqual([both.hash, both.hash]);
  await activate(users);
  expect(await plans()).toEqual([users.hash, users.hash]);
  expect(fresh.made).toEqual([both.hash, users.hash]);
});

test('each invocation reads the pointer, and the Plan only once it has moved', async () => {
  await activate(users);
  const { follow } = follower(both);
  for (let i = 0; i < 3; i++) await follow();
  expect(operations).toEqual(['read', 'readPlan', 'read', 'read']);
});

test('a Plan that moves to other tables is found there', async () => {
  await activate(users);
  const { follow } = follower(users);
  expect((await follow()).table()).toBe('user_plays@1');
  await activate(users, '-b');
  expect((await follow()).table()).toBe('user_plays@1-b');
});

test('where no Plan is active nothing is computed', async () => {
  await expect(follower(users).follow()).rejects.toMatchObject({
    name: 'StoreError',
    message: 'no Plan is active yet: the deployment activates one at its end',
  });
});

describe('a pointer that may be known for a second', () => {
  test('is read once a second, however many ask', async () => {
    await activate(users);
    const { follow } = follower(users, 1_000);
    await Promise.all(Array.from({ length: 100 }, follow));
    time += 1_000;
    await follow();
    expect(operations).toEqual(['read', 'readPlan']);
    await activate(both);
    expect((await follow()).plan).toBe(users.hash);
    time += 1;
    expect((await follow()).plan).toBe(both.hash);
  });

  test('is read again after a failure', async () => {
    await activate(users);
    const { follow } = follower(users, 1_000);
    fault = new StoreError('throttled', 'too fast');
    await expect(follow()).rejects.toBe(fault);
    fault = null;
    expect((await follow()).plan).toBe(users.hash);
  });

  test('is read again when the clock was set back', async () => {
    await activate(users);
    const { follow } = follower(users, 1_000);
    await follow();
    await activate(both);
    time -= 500;
    expect((await follow()).plan).toBe(both.hash);
  });
});

describe('code that lacks the active Plan fails, and goes on when another one is active', () => {
  const called = (version: number) => {
    const shout = defineFunction(
      'shout',
      { version, parameters: [string()], returns: string() },
      s => `${s}!`,
    );
    return definitions({
      groups: [
        featureGroup('shouts', {
          entity: user,
          from: plays,
          features: e => ({ shouts: count().where(shout(e.action).eq('start!')).over('1h') }),
        }),
      ],
    }).plan;
  };
  const songs = definitions({ groups: [songPlays] }).plan;
  test.each<[string, Plan, Plan, string]>([
    ['semantics', { ...users, semantics: [1, 99] }, songs, 'it follows semantics 99'],
    ['format', { ...users, format: 2 as 1 }, songs, 'it has format 2'],
    ['a function', called(1), songs, 'it calls function shout in version 1'],
    ['a version of a function', called(2), called(1), 'it calls function shout in version 2'],
  ])('%s', async (_, active, own, message) => {
    activePlan = createMemoryActivePlan();
    const tables = Object.fromEntries(tablesOf(active).map(({ table }) => [table, table]));
    const marked = { ...active, hash: 'f'.repeat(64) };
    await activePlan.writePlan({ plan: marked, tables });
    const activation = { plan: marked.hash, number: 1, activatedAt: 1, previous: null, retired: {} };
    await activePlan.activate(activation);
    const { follow, made } = follower(own);
    await expect(follow()).rejects.toMatchObject({ name: 'StoreError', reason: 'unavailable' });
    await expect(follow()).rejects.toThrow(message);
    expect(made).toEqual([own.hash]);
    const next = Object.fromEntries(tablesOf(own).map(({ table }) => [table, table]));
    await activePlan.writePlan({ plan: own, tables: next });
    await activePlan.activate({ ...activation, plan: own.hash, number: 2 });
    expect((await follow()).plan).toBe(own.hash);
  });

  test('whatever it cannot compile', async () => {
    await activate(both);
    const follow = followPlan({
      activePlan,
      own: songs,
      clock,
      make(plan) {
        if (plan.hash === both.hash) throw new TypeError('no visitor for node kind next');
        return plan.hash;
      },
    });
    await expect(follow()).rejects.toThrow('no visitor for node kind next');
  });
});

test('a table that the deployment did not make is said when it is needed', async () => {
  await activePlan.writePlan({ plan: users, tables: {} });
  await activePlan.activate({ plan: users.hash, number: 1, activatedAt: 1, previous: null, retired: {} });
  const found = await follower(users).follow();
  expect(() => found.table()).toThrow(`Plan ${users.hash} was deployed without a table for user_plays@1`);
});
