import type { Stack } from 'aws-cdk-lib';
import type { DeploymentContext } from '../context.ts';
import type { StoredData } from '../data/data-stack.ts';
import { createLog } from '../logs.ts';

/** The place of the state machine that fills new group versions from the archive; its log is here before it. */
export function fillBackfillStack(
  stack: Stack,
  { environment }: DeploymentContext,
  { key }: StoredData,
): void {
  createLog(stack, 'Log', environment, key);
}
