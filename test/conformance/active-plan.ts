import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import feed from '../../features/feed/index.ts';
import { definitions } from '../../lib/define/index.ts';
import type { Activation, ActivePlan } from '../../lib/runtime/ports.ts';
import { songPlays, userPlays } from '../support/plays.ts';
import type { Subject } from './harness.ts';

export function activePlanConformance(name: string, make: () => Promise<Subject<ActivePlan>>): void {
  describe(`active Plan: ${name}`, () => {
    let subject: Subject<ActivePlan>;
    let activePlan: ActivePlan;
    beforeEach(async () => {
      subject = await make();
      activePlan = subject.adapter;
    });
    afterEach(() => subject.dispose());

    const { plan } = definitions({ groups: [userPlays] });
    const { plan: other } = definitions({ groups: [userPlays, songPlays] });
    const activation = (number: number, rest: Partial<Activation> = {}): Activation => ({
      plan: plan.hash,
      number,
      activatedAt: 1_000 + number,
      previous: null,
      retired: {},
      ...rest,
    });

    test('is none before the first activation', async () => {
      expect(await activePlan.read()).toBe(null);
      expect(await activePlan.readPlan(plan.hash)).toBe(null);
    });

    test('is what was activated last, with all that was said of it', async () => {
      const first = activation(1);
      const second = activation(2, { previous: other.hash, retired: { 'prod-plays-5F2K': 17, b: 18 } });
      expect(await activePlan.activate(first)).toBe(true);
      expect(await activePlan.read()).toEqual(first);
      expect(await activePlan.activate(second)).toBe(true);
      activePlan = await subject.reopen();
      expect(await activePlan.read()).toEqual(second);
    });

    test.each([1, 3, 5])('moves by one activation at a time: from 3 to %i it does not', async number => {
      for (let n = 1; n <= 3; n++) await activePlan.activate(activation(n));
      expect(await activePlan.activate(activation(number, { plan: other.hash, activatedAt: 9 }))).toBe(false);
      expect(await activePlan.read()).toEqual(activation(3));
    });

    test('is not another one from the start', async () => {
      expect(await activePlan.activate(activation(2))).toBe(false);
      expect(await activePlan.read()).toBe(null);
    });

    test('of several who move it at once, one does', async () => {
      const moves = [1, 2, 3, 4, 5].map(at => activation(1, { activatedAt: at }));
      const moved = await Promise.all(moves.map(to => activePlan.activate(to)));
      expect(moved.filter(Boolean)).toHaveLength(1);
      expect(await activePlan.read()).toEqual(moves[moved.indexOf(true)]);
    });

    test('Plans are kept as they are, each under its hash, with its tables', async () => {
      const deployed = [plan, feed.plan].map(p => ({ plan: p, tables: { 'user_plays@1': `t-${p.hash}` } }));
      for (const one of deployed) await activePlan.writePlan(one);
      activePlan = await subject.reopen();
      for (const one of deployed) expect(await activePlan.readPlan(one.plan.hash)).toEqual(one);
      expect(await activePlan.readPlan(other.hash)).toBe(null);
      expect(await activePlan.read()).toBe(null);
    });

    test('of a Plan that was written twice the last one counts', async () => {
      await activePlan.writePlan({ plan, tables: { a: 'old' } });
      await activePlan.writePlan({ plan, tables: { a: 'new' } });
      expect((await activePlan.readPlan(plan.hash))?.tables).toEqual({ a: 'new' });
    });
  });
}
