import { Duration } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  Architecture,
  Code,
  type IFunction,
  Function as LambdaFunction,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { namespaceOf } from '../runtime/metric-names.ts';
import { acknowledge } from './acknowledge.ts';
import type { DeployedFunction, DeploymentContext } from './context.ts';
import type { Network } from './data/network.ts';
import { type FunctionSettings, secondsOf } from './environment/index.ts';
import { createLog } from './logs.ts';
import { allow } from './permissions.ts';
import { rollOut } from './roll-out.ts';

export interface FunctionOptions {
  readonly name: DeployedFunction;
  readonly description: string;
  readonly settings: FunctionSettings;
  readonly variables: Readonly<Record<string, string>>;
  /** Null for one that reaches AWS from outside of any network. */
  readonly network: Network | null;
  readonly key: IKey;
  /** Why it has no dead-letter queue. */
  readonly noDeadLetters: string;
}

export interface CreatedFunction {
  readonly function: LambdaFunction;
  /** What it may do: write its log, and what the caller adds. */
  readonly role: Role;
}

export interface LiveFunction extends CreatedFunction {
  /** Whom to call: it moves from version to version as the environment's rollout says. */
  readonly live: IFunction;
}

export function createLiveFunction(
  scope: Construct,
  id: string,
  context: DeploymentContext,
  options: FunctionOptions,
): LiveFunction {
  const created = createFunction(scope, id, context, options);
  return { ...created, live: rollOut(created.function.node.scope!, context, created.function) };
}

/** A function of this repository, with a role and a log of its own. */
export function createFunction(
  scope: Construct,
  id: string,
  { environment, code }: DeploymentContext,
  { name, description, settings, variables, network, key, noDeadLetters }: FunctionOptions,
): CreatedFunction {
  const parent = new Construct(scope, id);
  const logGroup = createLog(parent, 'Log', environment, key);
  const role = new Role(parent, 'Role', {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    description: `Millrace ${environment.name}: ${description}`,
  });
  logGroup.grantWrite(role);
  if (network !== null) allow(role, networkActions, ['*']);
  const created = new LambdaFunction(parent, 'Function', {
    description: `Millrace ${environment.name}: ${description}`,
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    code: Code.fromAsset(code[name]),
    handler: 'index.handler',
    role,
    logGroup,
    memorySize: settings.memoryMebibytes,
    timeout: Duration.seconds(secondsOf(settings.timeout)),
    ...(settings.reserved === null ? {} : { reservedConcurrentExecutions: settings.reserved }),
    tracing: environment.tracing ? Tracing.ACTIVE : Tracing.DISABLED,
    environment: {
      POWERTOOLS_SERVICE_NAME: name,
      POWERTOOLS_METRICS_NAMESPACE: namespaceOf(environment.name),
      ...variables,
    },
    ...(network === null
      ? {}
      : {
          vpc: network.vpc,
          vpcSubnets: { subnets: [...network.subnets] },
          securityGroups: [network.functions],
        }),
  });
  acknowledge(created, 'Serverless-LambdaDLQ', noDeadLetters);
  acknowledge(created, 'CKV_AWS_116', noDeadLetters);
  acknowledge(
    created,
    'CKV_AWS_173',
    "Its variables are names of resources; Lambda's own key encrypts them.",
  );
  if (network === null)
    acknowledge(
      created,
      'CKV_AWS_117',
      'It reaches services of AWS alone, each with permissions of its own.',
    );
  if (settings.reserved === null)
    acknowledge(
      created,
      'CKV_AWS_115',
      'Shards, or the limits of the API, say how many run at once; the setting `reserved` keeps some for it.',
    );
  if (network !== null)
    acknowledge(
      role.node.findChild('DefaultPolicy'),
      'CKV_AWS_111',
      'What Lambda does with interfaces of a network knows no resources; all else in it names its own.',
    );
  if (environment.tracing || network !== null)
    acknowledge(
      role,
      'AwsSolutions-IAM5[Resource::*]',
      'X-Ray takes traces, and Lambda puts a function into a network, by actions that know no resources.',
    );
  if (!environment.tracing)
    acknowledge(created, 'Serverless-LambdaTracing', 'The setting `tracing` of this environment says so.');
  return { function: created, role };
}

/** With these Lambda puts a function into a network. */
const networkActions = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];
