import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  type CfnStage,
  HttpApi,
  HttpMethod,
  HttpStage,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { DeploymentContext } from '../context.ts';
import type { Throttle } from '../environment/index.ts';
import { createLog } from '../logs.ts';

/** Two routes, each with its function and its limit. Callers sign their requests (IAM, Signature Version 4). */
export function createApi(
  scope: Construct,
  { environment }: DeploymentContext,
  key: IKey,
  { ingest, serve }: { readonly ingest: IFunction; readonly serve: IFunction },
): HttpApi {
  const { events, features } = environment.api;
  const api = new HttpApi(scope, 'Api', {
    description: `Millrace ${environment.name}: events in, features out`,
    defaultAuthorizer: new HttpIamAuthorizer(),
    createDefaultStage: false,
  });
  const stage = new HttpStage(scope, 'DefaultStage', {
    httpApi: api,
    autoDeploy: true,
    detailedMetricsEnabled: true,
    // For routes that have none of their own; there are none.
    throttle: {
      rateLimit: Math.min(events.requestsPerSecond, features.requestsPerSecond),
      burstLimit: Math.min(events.burst, features.burst),
    },
    accessLogSettings: {
      destination: new LogGroupLogDestination(createLog(scope, 'AccessLog', environment, key)),
      format: AccessLogFormat.custom(JSON.stringify(accessLog)),
    },
  });
  const routes = [
    { path: '/v1/events', function: ingest, id: 'ingest', throttle: events },
    { path: '/v1/features', function: serve, id: 'serve', throttle: features },
  ];
  for (const route of routes) {
    api.addRoutes({
      path: route.path,
      methods: [HttpMethod.POST],
      integration: new HttpLambdaIntegration(route.id, route.function),
    });
  }
  const settings = routes.map(({ path, throttle }) => [`POST ${path}`, routeSettings(throttle)]);
  (stage.node.defaultChild as CfnStage).routeSettings = Object.fromEntries(settings);
  // A stage can hold settings of routes only that are there.
  stage.node.addDependency(...api.node.findAll().filter(node => node.node.id.startsWith('POST--')));
  return api;
}

const routeSettings = ({ requestsPerSecond, burst }: Throttle) => ({
  ThrottlingRateLimit: requestsPerSecond,
  ThrottlingBurstLimit: burst,
  DetailedMetricsEnabled: true,
});

/** Who asked for what and what came of it; no bodies, which hold people's events. */
const accessLog = {
  requestId: '$context.requestId',
  time: '$context.requestTime',
  caller: '$context.identity.userArn',
  ip: '$context.identity.sourceIp',
  route: '$context.routeKey',
  status: '$context.status',
  bytes: '$context.responseLength',
  milliseconds: '$context.responseLatency',
  integrationError: '$context.integrationErrorMessage',
};
