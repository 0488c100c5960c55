import type { Stack } from 'aws-cdk-lib';
import type { DeploymentContext } from '../context.ts';
import type { StoredData } from '../data/data-stack.ts';
import { type Archive, createArchive } from './archive.ts';
import { createTransform, type DeployedTransform } from './transform.ts';

export interface Processing {
  /** By the stream's name in the definitions. */
  readonly transforms: ReadonlyMap<string, DeployedTransform>;
  readonly archive: Archive;
}

/** What becomes of events: rows of features, and files of the archive. */
export function fillProcessingStack(
  stack: Stack,
  context: DeploymentContext,
  stored: StoredData,
): Processing {
  const names = [...stored.streams.keys()];
  return {
    transforms: new Map(names.map(name => [name, createTransform(stack, context, stored, name)])),
    archive: createArchive(stack, context, stored),
  };
}
