import { CfnResource, type Stack, Validations } from 'aws-cdk-lib';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

/**
 * A rule that does not hold for a resource, and why that is right: of cdk-nag and CDK's own checks, or of checkov
 * (`CKV_…`), which reads it in the template. Always one rule of one resource.
 */
export function acknowledge(construct: IConstruct, id: string, reason: string): void {
  if (!id.startsWith('CKV_')) {
    Validations.of(construct).acknowledge({ id, reason });
    return;
  }
  const resource = construct.node.defaultChild ?? construct;
  if (!CfnResource.isCfnResource(resource)) throw new Error(`${construct.node.path} is no single resource`);
  const skip = (resource.getMetadata('checkov') as { skip: object[] } | undefined)?.skip ?? [];
  resource.addMetadata('checkov', { skip: [...skip, { id, comment: reason }] });
}

/** Policies end in `/*` where they speak of objects under a prefix: the role cannot know their names before. */
export function acknowledgeObjects(role: IRole, resource: string, reason: string): void {
  acknowledge(role, `AwsSolutions-IAM5[Resource::${resource}]`, reason);
}

/** Of a function that CDK itself brings along for a custom resource, if this stack has it. */
export function acknowledgeOfCdk(stack: Stack, resourceType: string): void {
  const handler = stack.node
    .tryFindChild(`${resourceType}CustomResourceProvider`)
    ?.node.tryFindChild('Handler');
  if (handler === undefined) return;
  for (const id of ['CKV_AWS_115', 'CKV_AWS_116', 'CKV_AWS_117'])
    acknowledge(
      handler,
      id,
      "CDK's own function: CloudFormation calls it in deployments, and waits for its answer.",
    );
}
