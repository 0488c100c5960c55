import type { Plan } from '../kernel/plan.ts';
import type { Environment } from './environment/index.ts';

/** Folders with the bundles of functions, by name; each has an `index.mjs` whose `handler` Lambda calls. */
export type FunctionCode = Readonly<Record<DeployedFunction, string>>;

export type DeployedFunction = 'ingest' | 'transform' | 'serve' | 'archive' | 'activate';

/** What every stack of an environment is made of. */
export interface DeploymentContext {
  readonly environment: Environment;
  readonly plan: Plan;
  readonly code: FunctionCode;
  /** With its stacks, what is stored goes. */
  readonly deletesData: boolean;
}
