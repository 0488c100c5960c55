import { beforeEach, expect, test } from 'vitest';
import { count, definitions, featureGroup } from '../../lib/define/index.ts';
import type { Plan } from '../../lib/kernel/plan.ts';
import { activatePlan } from '../../lib/runtime/activate-plan.ts';
import { tablesOf } from '../../lib/runtime/plan-tables.ts';
import type { ActivePlan } from '../../lib/runtime/ports.ts';
import { createMemoryActivePlan } from '../support/memory-active-plan.ts';
import { plays, song, songPlays, userPlays } from '../support/plays.ts';

const songPlaysOf = (version: number, window: '7d' | '30d') =>
  featureGroup('song_plays', {
    version,
    entity: song,
    from: plays,
    features: () => ({ plays: count().over(window) }),
  });
const planOf = (...groups: (typeof userPlays | typeof songPlays | ReturnType<typeof songPlaysOf>)[]) =>
  definitions({ groups: groups as never }).plan;

const users = planOf(userPlays);
const both = planOf(userPlays, songPlays);
const changed = planOf(userPlays, songPlaysOf(1, '30d'));
const raised = planOf(userPlays, songPlaysOf(2, '30d'));

let activePlan: ActivePlan;
let time: number;
beforeEach(() => {
  activePlan = createMemoryActivePlan();
  time = 1_000;
});

/** Tables keep their names, as those do that a deployment retains. */
const tablesFor = (plan: Plan, life = '') =>
  Object.fromEntries(tablesOf(plan).map(({ table }) => [table, `prod-${table}${life}`]));
const activate = (plan: Plan, tables = tablesFor(plan)) =>
  activatePlan({ activePlan, clock: { now: () => (time += 1_000) } }, { plan, tables });
const active = async () => (await activePlan.read())?.plan;

test('the first Plan counts from its activation on, and can be read with its tables', async () => {
  const { activation, moved, gaps } = await activate(users);
  expect([moved, gaps]).toEqual([true, []]);
  expect(activation).toEqual({
    plan: users.hash,
    number: 1,
    activatedAt: 2_000,
    previous: null,
    retired: {},
  });
  expect(await activePlan.read()).toEqual(activation);
  expect(await activePlan.readPlan(users.hash)).toEqual({ plan: users, tables: tablesFor(users) });
});

test('the pointer moves after the Plan is there', async () => {
  const seen: string[] = [];
  activePlan = createMemoryActivePlan(operation => void seen.push(operation));
  await activate(users);
  expect(seen.indexOf('writePlan')).toBeLessThan(seen.indexOf('activate'));
});

test('a Plan that counts already stays as it is; in other tables it is activated anew', async () => {
  await activate(users);
  await activate(both);
  expect(await activate(both)).toMatchObject({ moved: false, activation: { number: 2, activatedAt: 3_000 } });
  const anew = await activate(both, tablesFor(both, '-b'));
  expect(anew).toMatchObject({ moved: true, activation: { number: 3, previous: users.hash } });
  expect(anew.activation.retired).toEqual(
    Object.fromEntries(Object.values(tablesFor(both)).map(name => [name, anew.activation.activatedAt])),
  );
});

test('a change of meaning without a new version is refused, and the pointer stays', async () => {
  await activate(both);
  await expect(activate(changed)).rejects.toThrow(/song_plays: .*raise version to 2/);
  expect(await active()).toBe(both.hash);
  expect(await activePlan.readPlan(changed.hash)).toBe(null);
  await activate(raised);
  expect(await active()).toBe(raised.hash);
});

test('a deployment is undone: the pointer goes back, and says what the rows that come back lack', async () => {
  const first = await activate(both);
  const second = await activate(raised);
  expect(second.activation.retired).toEqual({ 'prod-song_plays@1': 3_000 });
  const back = await activate(both);
  expect(back.gaps).toEqual([{ table: 'song_plays@1', from: 3_000, to: 4_000 }]);
  expect(back.activation).toEqual({
    ...first.activation,
    number: 3,
    activatedAt: 4_000,
    previous: raised.hash,
    retired: { 'prod-song_plays@2': 4_000 },
  });
});

test('a table that was taken out longer ago does not come back under its version', async () => {
  await activate(both);
  await activate(users);
  await activate(raised);
  await activate(users);
  await expect(activate(both)).rejects.toThrow(
    'song_plays: its table was taken out on 1970-01-01T00:00:03.000Z, and its rows miss the events since; ' +
      'raise version to 2 of group song_plays',
  );
  expect(await active()).toBe(users.hash);
});

test('where the table is a new one, its version may come back', async () => {
  await activate(both);
  await activate(users);
  await activate(raised);
  await activate(users);
  const again = await activate(both, tablesFor(both, '-new'));
  expect(again).toMatchObject({ moved: true, gaps: [] });
});

test('a deployment without all tables is refused', async () => {
  await expect(activate(both, { 'user_plays@1': 'prod-user', 'song_plays@1': '' })).rejects.toThrow(
    'made no tables for song_plays@1',
  );
  expect(await active()).toBe(undefined);
});

test('of two deployments at once one fails', async () => {
  await activate(users);
  const done = await Promise.allSettled([activate(both), activate(raised)]);
  expect(done.map(d => d.status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(done.find(d => d.status === 'rejected')?.reason).toMatchObject({ name: 'ActivationError' });
});

test('an activation is never before the one that it follows, whatever the clock says', async () => {
  await activate(users);
  time = -10_000;
  expect((await activate(both)).activation.activatedAt).toBe(2_000);
});
