import { CfnOutput, type Stack } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { deploymentOutputs } from '../../adapters/aws/deployment.ts';
import { tableOf } from '../../runtime/rows.ts';
import type { DeploymentContext } from '../context.ts';
import type { StoredData } from '../data/data-stack.ts';
import type { DeployedStream } from '../data/streams.ts';
import { secondsOf } from '../environment/index.ts';
import { createLiveFunction, type LiveFunction } from '../function.ts';
import { allow, allowKey } from '../permissions.ts';
import { activatePlan } from './activate-plan.ts';
import { createApi } from './api.ts';

export interface Serving {
  readonly api: HttpApi;
  readonly ingest: LiveFunction;
  readonly serve: LiveFunction;
}

/** How events come in and features go out: an HTTP API, for those whose policies allow it. */
export function fillServingStack(stack: Stack, context: DeploymentContext, stored: StoredData): Serving {
  const ingest = createIngest(stack, context, stored);
  const serve = createServe(stack, context, stored);
  activatePlan(stack, context, stored, [ingest, serve]);
  const api = createApi(stack, context, stored.key, { ingest: ingest.live, serve: serve.live });
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
  { streams, tables, key }: StoredData,
): LiveFunction {
  const { environment } = context;
  const { maxBehind } = environment.api;
  const textOf = (value: (stream: DeployedStream) => string): string =>
    stack.toJsonString(Object.fromEntries([...streams].map(([name, stream]) => [name, value(stream)])));
  const ingest = createLiveFunction(stack, 'ingest', context, {
    name: 'ingest',
    description: 'puts events that come over HTTP to their streams',
    settings: environment.functions.ingest,
    variables: {
      MILLRACE_STREAMS: textOf(({ stream }) => stream.streamName),
      ...(maxBehind === 'any'
        ? {}
        : {
            MILLRACE_MAX_BEHIND_SECONDS: String(secondsOf(maxBehind)),
            MILLRACE_PROGRESS_TABLE: tables.progress.tableName,
            MILLRACE_INCARNATIONS: textOf(({ incarnation }) => incarnation),
          }),
    },
    network: null,
    key,
    noDeadLetters: 'The HTTP API calls it and waits: who sent the events is told what became of each.',
  });
  for (const { stream } of streams.values()) {
    allow(ingest.role, ['kinesis:PutRecords', 'kinesis:ListShards'], [stream.streamArn]);
    if (stream.encryptionKey !== undefined)
      allowKey(ingest.role, stream.encryptionKey, environment, 'writeKinesis');
  }
  if (maxBehind !== 'any') {
    allow(ingest.role, ['dynamodb:Query'], [tables.progress.tableArn]);
    allowKey(ingest.role, key, environment, 'readDynamodb');
  }
  return ingest;
}

function createServe(stack: Stack, context: DeploymentContext, stored: StoredData): LiveFunction {
  const { environment, plan } = context;
  const { network, key, cache } = stored;
  const { rows, retired, control } = stored.tables;
  const tables = plan.groups.map(group => rows.get(tableOf(group))!);
  const serve = createLiveFunction(stack, 'serve', context, {
    name: 'serve',
    description: 'answers feature vectors',
    settings: environment.functions.serve,
    variables: {
      MILLRACE_CONTROL_TABLE: control.tableName,
      ...(cache === null ? {} : { MILLRACE_CACHE_URL: cache.url }),
    },
    network,
    key,
    noDeadLetters: 'The HTTP API calls it and waits: who asks is told what failed.',
  });
  allow(
    serve.role,
    ['dynamodb:BatchGetItem'],
    [...tables, ...retired].map(table => table.tableArn),
  );
  allow(serve.role, ['dynamodb:GetItem'], [control.tableArn]);
  allowKey(serve.role, key, environment, 'readDynamodb');
  return serve;
}
