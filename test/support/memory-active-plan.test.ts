import type { Activation, DeployedPlan } from '../../lib/runtime/ports.ts';
import { activePlanConformance } from '../conformance/active-plan.ts';
import { createMemoryActivePlan } from './memory-active-plan.ts';

activePlanConformance('memory', async () => {
  const memory = { active: null as Activation | null, plans: new Map<string, DeployedPlan>() };
  const open = () => createMemoryActivePlan(undefined, memory);
  return { adapter: open(), reopen: async () => open(), dispose: async () => {} };
});
