import type { ConsumedCapacity } from '@aws-sdk/client-dynamodb';

/** What one request took of a table's capacity, in read or write units. */
export interface ConsumedUnits {
  readonly operation: 'BatchGetItem' | 'PutItem' | 'BatchWriteItem' | 'Query' | 'GetItem' | 'Scan';
  /** DynamoDB's name of it. */
  readonly table: string;
  readonly units: number;
}

/** DynamoDB says what a request took, one answer or one a table; where it does not, nothing is reported. */
export function reportConsumed(
  report: ((use: ConsumedUnits) => void) | undefined,
  operation: ConsumedUnits['operation'],
  answered: ConsumedCapacity | readonly ConsumedCapacity[] | undefined,
): void {
  if (report === undefined || answered === undefined) return;
  for (const { TableName, CapacityUnits } of Array.isArray(answered) ? answered : [answered]) {
    if (TableName !== undefined && CapacityUnits !== undefined) {
      report({ operation, table: TableName, units: CapacityUnits });
    }
  }
}
