import type { Stack } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { acknowledge } from '../acknowledge.ts';
import type { DeploymentContext } from '../context.ts';
import { alarmsOf } from '../watch/alarms.ts';
import { createAlarms } from './create-alarms.ts';
import { addAlarms, createDashboard } from './dashboard.ts';
import { metricsOf } from './metrics.ts';
import type { Watched } from './watched.ts';

/** The dashboard, the alarms, and who hears of them. */
export function fillMonitoringStack(stack: Stack, context: DeploymentContext, watched: Watched): void {
  const { environment, plan } = context;
  const metricOf = metricsOf(environment.name, watched);
  const dashboard = createDashboard(stack, { environment, plan, metricOf });
  const alarms = createAlarms(stack, alarmsOf(plan, environment), {
    environment: environment.name,
    metricOf,
    receivers: receiversOf(stack, context, watched.stored.key),
    // By the stack's name, which begins those of its alarms: a link to the dashboard, which shows them, would be a circle.
    console: `https://${environment.region}.console.aws.amazon.com/cloudwatch/home?region=${environment.region}#alarmsV2:?search=${stack.stackName}`,
  });
  addAlarms(dashboard, alarms);
}

/** The environment's own topic, with its letters, and those that were there before. */
function receiversOf(stack: Stack, { environment }: DeploymentContext, key: IKey): readonly ITopic[] {
  const topic = new Topic(stack, 'Alarms', {
    displayName: `Millrace ${environment.name}`,
    masterKey: key,
    enforceSSL: true,
  });
  for (const email of environment.alarms.emails) {
    acknowledge(
      topic.addSubscription(new EmailSubscription(email)),
      'Serverless-SNSRedrivePolicy',
      'Letters are tried again by SNS for hours, and the alarm itself stays in CloudWatch.',
    );
  }
  const others = environment.alarms.topicArns.map((arn, i) => Topic.fromTopicArn(stack, `Receiver${i}`, arn));
  return [topic, ...others];
}
