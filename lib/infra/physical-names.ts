import { Stack } from 'aws-cdk-lib';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';

/** The value of `MILLRACE_TABLES`: the runtime's names of tables, with those that CloudFormation gave them. */
export const physicalNames = (scope: Construct, tables: ReadonlyMap<string, ITableV2>): string =>
  Stack.of(scope).toJsonString(
    Object.fromEntries([...tables].map(([name, { tableName }]) => [name, tableName])),
  );
