import type { Activation, ActivePlan, DeployedPlan } from '../../lib/runtime/ports.ts';

/** The active Plan in memory. `before` is called before each operation; it may reject, as a store would. */
export function createMemoryActivePlan(
  before?: (operation: keyof ActivePlan) => void | Promise<void>,
  memory: { active: Activation | null; readonly plans: Map<string, DeployedPlan> } = {
    active: null,
    plans: new Map(),
  },
): ActivePlan {
  return {
    async read() {
      await before?.('read');
      return structuredClone(memory.active);
    },
    async activate(to) {
      await before?.('activate');
      if ((memory.active?.number ?? 0) !== to.number - 1) return false;
      memory.active = structuredClone(to);
      return true;
    },
    async readPlan(hash) {
      await before?.('readPlan');
      return structuredClone(memory.plans.get(hash) ?? null);
    },
    async writePlan(deployed) {
      await before?.('writePlan');
      memory.plans.set(deployed.plan.hash, structuredClone(deployed));
    },
  };
}
