import { RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { type Environment, secondsOf } from './environment/index.ts';

/** A log that goes with its stack, but for an environment that keeps what it has. */
export const createLog = (
  scope: Construct,
  id: string,
  environment: Environment,
  encryptionKey: IKey,
): LogGroup =>
  new LogGroup(scope, id, {
    // RetentionDays are numbers of days; settings have one of those that CloudWatch takes.
    retention: (secondsOf(environment.logs.keepFor) / 86_400) as RetentionDays,
    encryptionKey,
    removalPolicy: environment.data.whenRemoved === 'delete' ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
  });
