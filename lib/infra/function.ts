import { Duration } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Architecture, Code, Function as LambdaFunction, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { DeployedFunction, DeploymentContext } from './context.ts';
import type { Network } from './data/network.ts';
import { type FunctionSettings, secondsOf } from './environment/index.ts';
import { createLog } from './logs.ts';

export interface FunctionOptions {
  readonly name: DeployedFunction;
  readonly description: string;
  readonly settings: FunctionSettings;
  readonly variables: Readonly<Record<string, string>>;
  /** Null for one that reaches AWS from outside of any network. */
  readonly network: Network | null;
  readonly key: IKey;
}

/** A function of this repository with a role of its own, which may write its log and what the caller grants. */
export function createFunction(
  scope: Construct,
  id: string,
  { environment, code }: DeploymentContext,
  { name, description, settings, variables, network, key }: FunctionOptions,
): LambdaFunction {
  const parent = new Construct(scope, id);
  const logGroup = createLog(parent, 'Log', environment, key);
  const role = new Role(parent, 'Role', {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    description: `Millrace ${environment.name}: ${description}`,
  });
  logGroup.grantWrite(role);
  if (network !== null) {
    // Lambda puts the function into the network with them; none of these actions can be held to a resource.
    role.addToPolicy(
      new PolicyStatement({
        actions: [
          'ec2:CreateNetworkInterface',
          'ec2:DescribeNetworkInterfaces',
          'ec2:DescribeSubnets',
          'ec2:DeleteNetworkInterface',
          'ec2:AssignPrivateIpAddresses',
          'ec2:UnassignPrivateIpAddresses',
        ],
        resources: ['*'],
      }),
    );
  }
  return new LambdaFunction(parent, 'Function', {
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
    environment: { POWERTOOLS_SERVICE_NAME: name, ...variables },
    ...(network === null
      ? {}
      : {
          vpc: network.vpc,
          vpcSubnets: { subnets: [...network.subnets] },
          securityGroups: [network.functions],
        }),
  });
}
