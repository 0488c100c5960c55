import { CloudFormationClient, paginateDescribeStacks, type Stack } from '@aws-sdk/client-cloudformation';
import { MillraceError } from '../../runtime/errors.ts';

/** Where the parts of a deployed environment are. */
export interface Deployment {
  readonly environment: string;
  readonly region: string;
  /** Of the HTTP API, without a slash at its end. */
  readonly apiUrl: string;
  /** Kinesis's names of the streams, by the Plan's. */
  readonly streams: ReadonlyMap<string, string>;
  /** The names of the streams' present lives, which progress belongs to, by the Plan's. */
  readonly incarnations: ReadonlyMap<string, string>;
  /** Where events lie that were set aside. */
  readonly bucket: string;
  readonly controlTable: string;
  readonly progressTable: string;
  /** Of workers, which run beside the functions or instead of them. */
  readonly leaseTable: string;
}

/** The outputs of an environment's stacks that say so: the stacks write them, and tools read them. */
export const deploymentOutputs = {
  apiUrl: 'ApiUrl',
  /** A JSON object, Kinesis's names by the Plan's. */
  streams: 'StreamNames',
  /** A JSON object as well. */
  incarnations: 'StreamIncarnations',
  bucket: 'SetAsideBucket',
  controlTable: 'ControlTable',
  progressTable: 'ProgressTable',
  leaseTable: 'LeaseTable',
} as const satisfies Partial<Record<keyof Deployment, string>>;

/** The tag of all stacks of an environment; its value is the environment's name. */
export const environmentTag = 'millrace:environment';

/** The environment is not deployed, or not by this release, where these credentials and this region look. */
export class DeploymentError extends MillraceError {
  override readonly name = 'DeploymentError';
  /** True where there is nothing of it: perhaps it is still to be deployed. */
  readonly isAbsent: boolean;
  constructor(message: string, options: ErrorOptions & { readonly isAbsent?: boolean } = {}) {
    super(message, options);
    this.isAbsent = options.isAbsent ?? false;
  }
}

/**
 * Finds a deployed environment by the tag and the outputs of its stacks. Credentials and region are the SDK's: the
 * environment's variables, the profile. Throws DeploymentError; rejects as the SDK does where AWS refuses.
 */
export async function findDeployment(
  environment: string,
  client = new CloudFormationClient(),
): Promise<Deployment> {
  const region = await client.config.region();
  const names: string[] = [];
  const outputs = new Map<string, string>();
  for await (const { Stacks = [] } of paginateDescribeStacks({ client }, {})) {
    for (const stack of Stacks) {
      if (!isOf(stack, environment)) continue;
      names.push(stack.StackName ?? '');
      for (const { OutputKey = '', OutputValue = '' } of stack.Outputs ?? [])
        outputs.set(OutputKey, OutputValue);
    }
  }
  if (names.length === 0) {
    throw new DeploymentError(
      `no environment ${environment} is deployed in ${region} in this account: is it another profile (AWS_PROFILE)? To deploy it: npx cdk deploy -c env=${environment} '**'`,
      { isAbsent: true },
    );
  }
  const output = (key: string): string => {
    const value = outputs.get(key);
    if (value !== undefined) return value;
    throw new DeploymentError(
      `environment ${environment} in ${region}: no stack has the output ${key} (there are ${names.join(', ')}): deploy it anew, all of its stacks`,
    );
  };
  const byStream = (key: string): ReadonlyMap<string, string> => mapOf(key, output(key));
  return {
    environment,
    region,
    apiUrl: output(deploymentOutputs.apiUrl).replace(/\/+$/, ''),
    streams: byStream(deploymentOutputs.streams),
    incarnations: byStream(deploymentOutputs.incarnations),
    bucket: output(deploymentOutputs.bucket),
    controlTable: output(deploymentOutputs.controlTable),
    progressTable: output(deploymentOutputs.progressTable),
    leaseTable: output(deploymentOutputs.leaseTable),
  };
}

const isOf = ({ Tags = [] }: Stack, environment: string): boolean =>
  Tags.some(({ Key, Value }) => Key === environmentTag && Value === environment);

function mapOf(key: string, text: string): ReadonlyMap<string, string> {
  try {
    return new Map(Object.entries(JSON.parse(text) as Record<string, string>));
  } catch (cause) {
    throw new DeploymentError(`the output ${key} is no JSON object: ${text}`, { cause });
  }
}
