import type { State } from '../../functions/state.ts';
import type { Plan } from '../../lib/kernel/plan.ts';
import { activatePlan } from '../../lib/runtime/activate-plan.ts';
import { tablesOf } from '../../lib/runtime/plan-tables.ts';
import type { ActivePlan, StateStore } from '../../lib/runtime/ports.ts';
import { createMemoryActivePlan } from '../support/memory-active-plan.ts';
import { createMemoryStateStore } from '../support/memory-state-store.ts';

export interface MemoryState extends State {
  activate(plan: Plan): Promise<void>;
}

/** What a function stands on, in memory: rows, and a Plan that is active, where one is given. */
export async function memoryState(
  plan: Plan | null,
  store: StateStore = createMemoryStateStore(),
  activePlan: ActivePlan = createMemoryActivePlan(),
): Promise<MemoryState> {
  const state: MemoryState = {
    activePlan,
    storeOf: () => store,
    async activate(next) {
      const tables = Object.fromEntries(tablesOf(next).map(({ table }) => [table, table]));
      await activatePlan({ activePlan, clock: { now: Date.now } }, { plan: next, tables });
    },
  };
  if (plan !== null) await state.activate(plan);
  return state;
}
