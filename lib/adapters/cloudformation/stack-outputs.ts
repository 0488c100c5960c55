import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { StoreError } from '../../runtime/errors.ts';

/**
 * What a deployed stack says of itself: its outputs by name. Null where there is no such stack. Throws a StoreError where
 * AWS cannot be asked: no credentials, no permission, no answer.
 */
export async function stackOutputs(
  stack: string,
  region: string,
): Promise<Readonly<Record<string, string>> | null> {
  const client = new CloudFormationClient({ region });
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    const outputs = Stacks[0]?.Outputs ?? [];
    return Object.fromEntries(
      outputs.map(({ OutputKey, OutputValue }) => [OutputKey ?? '', OutputValue ?? '']),
    );
  } catch (error) {
    // CloudFormation says so with a general name, in words.
    if (
      error instanceof Error &&
      error.name === 'ValidationError' &&
      error.message.includes('does not exist')
    )
      return null;
    const detail = error instanceof Error ? error.message : String(error);
    throw new StoreError('unavailable', `stack ${stack} in ${region} cannot be asked for: ${detail}`, {
      cause: error,
    });
  } finally {
    client.destroy();
  }
}
