import type { Benchmark } from '../result.ts';
import { codec } from './codec.ts';
import { dynamodbUnits } from './dynamodb-units.ts';
import { feedTransform } from './feed-transform.ts';
import { fold } from './fold.ts';
import { freshness } from './freshness.ts';
import { ingest } from './ingest.ts';
import { memory } from './memory.ts';
import { reads } from './reads.ts';
import { rowCache } from './row-cache.ts';
import { transform } from './transform.ts';
import { writeUnits } from './write-units.ts';

/** All benchmarks by name, in the order in which they run. */
export const benchmarks: Readonly<Record<string, Benchmark>> = {
  fold,
  codec,
  transform,
  'feed-transform': feedTransform,
  'write-units': writeUnits,
  'dynamodb-units': dynamodbUnits,
  reads,
  'row-cache': rowCache,
  ingest,
  freshness,
  memory,
};

/** Those that take very long. */
export const longOnes: readonly string[] = ['memory'];
