import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import {
  type ILambdaDeploymentConfig,
  LambdaDeploymentConfig,
  LambdaDeploymentGroup,
  TimeBasedCanaryTrafficRouting,
  TimeBasedLinearTrafficRouting,
} from 'aws-cdk-lib/aws-codedeploy';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Alias,
  type IFunction,
  type IVersion,
  type Function as LambdaFunction,
} from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { DeploymentContext } from './context.ts';
import { type RolloutSettings, secondsOf } from './environment/index.ts';

/**
 * The alias that callers call. Where the environment says so it moves gradually, and back when calls of it fail: then the
 * deployment of the stack fails, and nothing that depends on it is deployed.
 */
export function rollOut(
  scope: Construct,
  { environment }: DeploymentContext,
  deployed: LambdaFunction,
): IFunction {
  const alias = new Alias(scope, 'Live', { aliasName: 'live', version: deployed.currentVersion as IVersion });
  const { rollout } = environment;
  if (rollout.kind === 'at-once') return alias as IFunction;
  const failing = alias.metricErrors({ period: Duration.minutes(1) }).createAlarm(scope, 'RollBack', {
    alarmDescription:
      'Severity 2. New code fails, and its deployment is rolled back: docs/runbook.md#roll-back',
    threshold: 1,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    evaluationPeriods: 1,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
  const role = new Role(scope, 'DeploymentRole', {
    assumedBy: new ServicePrincipal('codedeploy.amazonaws.com'),
    managedPolicies: [
      ManagedPolicy.fromAwsManagedPolicyName('service-role/AWSCodeDeployRoleForLambdaLimited'),
    ],
  });
  acknowledge(
    role,
    'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited]',
    'The policy that CodeDeploy itself keeps for what it does with aliases.',
  );
  new LambdaDeploymentGroup(scope, 'Deployment', {
    alias,
    role,
    alarms: [failing],
    deploymentConfig: configOf(scope, rollout),
  });
  return alias as IFunction;
}

function configOf(
  scope: Construct,
  rollout: Exclude<RolloutSettings, { readonly kind: 'at-once' }>,
): ILambdaDeploymentConfig {
  const { percent: percentage } = rollout;
  const trafficRouting =
    rollout.kind === 'canary'
      ? new TimeBasedCanaryTrafficRouting({
          interval: Duration.seconds(secondsOf(rollout.wait)),
          percentage,
        })
      : new TimeBasedLinearTrafficRouting({
          interval: Duration.seconds(secondsOf(rollout.every)),
          percentage,
        });
  return new LambdaDeploymentConfig(scope, 'Shift', { trafficRouting });
}
