import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { AdaptiveLimit } from './adaptive-limit.ts';
import type { ConsumedUnits } from './consumed.ts';
import type { Retry } from './retry.ts';

/** What every request of a store goes through. */
export interface Connection {
  readonly client: DynamoDBClient;
  readonly retry: Retry;
  /** How many reads of a table, and how many writes to it, are under way at once. Each table bears its own load. */
  limitOf(direction: 'read' | 'write', table: string): AdaptiveLimit;
  readonly report: ((use: ConsumedUnits) => void) | undefined;
}
