import type { Plan } from '../../kernel/index.ts';
import type { EnvironmentSettings } from '../environment/index.ts';
import { type CostLine, totalOf } from './cost-line.ts';
import { archiveLines, ingestLines, streamLines, transformLines } from './event-lines.ts';
import { cacheLines, readLines, tableLines } from './row-lines.ts';
import { standingLines } from './standing-lines.ts';
import type { Traffic } from './traffic.ts';
import { type LimitWarning, limitWarnings } from './warnings.ts';
import { naiveOf, type Workload, workloadOf } from './workload.ts';

/** What an environment costs a month, in US dollars. */
export interface CostEstimate {
  readonly workload: Workload;
  readonly lines: readonly CostLine[];
  readonly total: number;
  /** What the design of one update an event and group (`naiveOf`) would cost for the same traffic, all else included. */
  readonly naiveTotal: number;
  readonly warnings: readonly LimitWarning[];
}

/** What deploying a Plan to an environment costs a month, and which limits the traffic comes near to. */
export function estimateCost(plan: Plan, settings: EnvironmentSettings, traffic: Traffic): CostEstimate {
  const workload = workloadOf(plan, settings, traffic);
  const lines = linesOf(workload);
  return {
    workload,
    lines,
    total: totalOf(lines),
    naiveTotal: totalOf(linesOf(naiveOf(workload))),
    warnings: limitWarnings(workload),
  };
}

const linesOf = (workload: Workload): CostLine[] => [
  ...ingestLines(workload),
  ...workload.streams.flatMap(stream => [
    ...streamLines(stream),
    ...transformLines(workload, stream),
    ...tableLines(workload, stream),
    ...archiveLines(workload, stream),
  ]),
  ...readLines(workload),
  ...cacheLines(workload),
  ...standingLines(workload),
];
