import { CfnOutput, type Stack } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { deploymentOutputs } from '../../adapters/aws/deployment.ts';
import { tableOf } from '../../runtime/rows.ts';
import type { DeploymentContext } from '../context.ts';
import type { StoredData } from '../data/data-stack.ts';
import { createFunction } from '../function.ts';
import { physicalNames } from '../physical-names.ts';
import { createApi } from './api.ts';

export interface Serving {
  readonly api: HttpApi;
  readonly ingest: LambdaFunction;
  readonly serve: LambdaFunction;
}

/** How events come in and features go out: an HTTP API, for those whose policies allow it. */
export function fillServingStack(stack: Stack, context: DeploymentContext, stored: StoredData): Serving {
  const ingest = createIngest(stack, context, stored);
  const serve = createServe(stack, context, stored);
  const api = createApi(stack, context, stored.key, { ingest, serve });
  new CfnOutput(stack, deploymentOutputs.apiUrl, {
    value: api.apiEndpoint,
    description: 'Where events and features are',
  });
  new CfnOutput(stack, 'ApiId', { value: api.apiId });
  return { api, ingest, serve };
}

/** It stands outside of the network: Kinesis alone is what it needs. */
function createIngest(
  stack: Stack,
  context: DeploymentContext,
  { streams, key }: StoredData,
): LambdaFunction {
  const names = Object.fromEntries([...streams].map(([name, { stream }]) => [name, stream.streamName]));
  const ingest = createFunction(stack, 'ingest', context, {
    name: 'ingest',
    description: 'puts events that come over HTTP to their streams',
    settings: context.environment.functions.ingest,
    variables: { MILLRACE_STREAMS: stack.toJsonString(names) },
    network: null,
    key,
  });
  for (const { stream } of streams.values()) {
    stream.grant(ingest, 'kinesis:PutRecords', 'kinesis:ListShards');
    stream.encryptionKey?.grant(ingest, 'kms:GenerateDataKey');
  }
  return ingest;
}

function createServe(stack: Stack, context: DeploymentContext, stored: StoredData): LambdaFunction {
  const { network, key } = stored;
  const { rows, progress, control } = stored.tables;
  const tables = new Map(context.plan.groups.map(group => [tableOf(group), rows.get(tableOf(group))!]));
  const serve = createFunction(stack, 'serve', context, {
    name: 'serve',
    description: 'answers feature vectors',
    settings: context.environment.functions.serve,
    variables: {
      MILLRACE_TABLES: physicalNames(stack, tables),
      MILLRACE_PROGRESS_TABLE: progress.tableName,
      MILLRACE_CONTROL_TABLE: control.tableName,
    },
    network,
    key,
  });
  control.grant(serve, 'dynamodb:GetItem');
  for (const table of tables.values()) table.grant(serve, 'dynamodb:BatchGetItem');
  return serve;
}
