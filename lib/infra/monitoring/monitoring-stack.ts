import type { Stack } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { DeploymentContext } from '../context.ts';
import type { StoredData } from '../data/data-stack.ts';
import { acknowledge } from '../permissions.ts';
import type { Processing } from '../processing/processing-stack.ts';
import type { Serving } from '../serving/serving-stack.ts';

/** What is watched. */
export interface Watched {
  readonly stored: StoredData;
  readonly processing: Processing;
  readonly serving: Serving;
}

/** Who hears of it when something is wrong. */
export function fillMonitoringStack(
  stack: Stack,
  { environment }: DeploymentContext,
  { stored }: Watched,
): void {
  const topic = new Topic(stack, 'Alarms', {
    displayName: `Millrace ${environment.name}`,
    masterKey: stored.key,
    enforceSSL: true,
  });
  for (const email of environment.alarms.emails) {
    acknowledge(
      topic.addSubscription(new EmailSubscription(email)),
      'Serverless-SNSRedrivePolicy',
      'Letters are tried again by SNS for hours, and the alarm itself stays in CloudWatch.',
    );
  }
}
