import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Environment } from './environment/index.ts';

/** Adds to what a role may do. Every action is named, and every resource but where AWS knows none. */
export function allow(role: Role, actions: readonly string[], resources: readonly string[]): void {
  role.addToPolicy(new PolicyStatement({ actions: [...actions], resources: [...resources] }));
}

/** The key, for one use that a service of AWS makes of it on the role's behalf, and for nothing else. */
export function allowKey(role: Role, key: IKey, { region }: Environment, use: keyof typeof keyActions): void {
  role.addToPolicy(
    new PolicyStatement({
      actions: [...keyActions[use]],
      resources: [key.keyArn],
      conditions: { StringEquals: { 'kms:ViaService': `${services[use]}.${region}.amazonaws.com` } },
    }),
  );
}

/** What each service asks of whoever uses what it has encrypted. */
const keyActions = {
  readDynamodb: ['kms:Decrypt', 'kms:DescribeKey'],
  writeDynamodb: [
    'kms:Encrypt',
    'kms:Decrypt',
    'kms:ReEncryptFrom',
    'kms:ReEncryptTo',
    'kms:GenerateDataKey',
    'kms:DescribeKey',
  ],
  readKinesis: ['kms:Decrypt'],
  writeKinesis: ['kms:GenerateDataKey'],
  writeS3: ['kms:GenerateDataKey', 'kms:Decrypt'],
} as const;

const services = {
  readDynamodb: 'dynamodb',
  writeDynamodb: 'dynamodb',
  readKinesis: 'kinesis',
  writeKinesis: 'kinesis',
  writeS3: 's3',
} as const;
