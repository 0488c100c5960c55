import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { DeploymentError, findDeployment } from '../../lib/adapters/aws/deployment.ts';
import { createDynamoActivePlan } from '../../lib/adapters/dynamodb/active-plan.ts';
import { createDynamoClient } from '../../lib/adapters/dynamodb/client.ts';
import type { Activation, DeployedPlan } from '../../lib/runtime/ports.ts';
import type { MappingConfiguration } from './mapping-settings.ts';
import { type Connection, jsonOf, type SendSigned } from './signed-requests.ts';

/** Where the parts of a deployed environment are. */
export interface Deployment {
  /** Of the HTTP API's root, on the local AWS. */
  readonly apiPath: string;
  /** Kinesis's name of the stream; it names this life of it as well. */
  readonly streamName: string;
  readonly progressTable: string;
  /** Where events are set aside. */
  readonly bucket: string;
  readonly mapping: DeployedMapping;
  /** Which Plan counts, and where its tables are. */
  readonly activation: Activation;
  readonly active: DeployedPlan;
}

export interface DeployedMapping extends MappingConfiguration {
  readonly UUID: string;
  readonly EventSourceArn: string;
  /** Of an alias, where the mapping names one. */
  readonly FunctionArn: string;
}

/** Finds the parts as the command line does, and the one mapping as Lambda has it. Throws DeploymentError. */
export async function lookAround(connection: Connection, send: SendSigned): Promise<Deployment> {
  const cloudFormation = new CloudFormationClient(connection);
  const dynamo = createDynamoClient(connection);
  try {
    const { apiUrl, streams, bucket, controlTable, progressTable } = await findDeployment(
      'local',
      cloudFormation,
    );
    const activePlan = createDynamoActivePlan({ client: dynamo, table: controlTable });
    const activation = await activePlan.read();
    const active = activation && (await activePlan.readPlan(activation.plan));
    if (activation === null || active === null) throw new DeploymentError('no Plan is active');
    const [streamName, ...others] = streams.values();
    if (streamName === undefined || others.length > 0)
      throw new DeploymentError(`one stream should be deployed, and ${streams.size} are`);
    return {
      apiPath: `/_aws/execute-api/${apiIdOf(apiUrl)}/$default`,
      streamName,
      progressTable,
      bucket,
      mapping: await mappingOf(send),
      activation,
      active,
    };
  } finally {
    cloudFormation.destroy();
    dynamo.destroy();
  }
}

/** MiniStack's URLs are none to the letter: a host may not end with a number. */
const apiIdOf = (url: string): string => url.replace(/^https?:\/\//, '').split('.', 1)[0]!;

export const lambdaApi = '/2015-03-31';

async function mappingOf(send: SendSigned): Promise<DeployedMapping> {
  const path = `${lambdaApi}/event-source-mappings/`;
  const listed = jsonOf(await send({ service: 'lambda', method: 'GET', path }), 'list mappings');
  const [mapping, ...others] = (listed as { EventSourceMappings: DeployedMapping[] }).EventSourceMappings;
  if (mapping === undefined || others.length > 0)
    throw new DeploymentError(`one mapping should be deployed, and ${others.length + (mapping ? 1 : 0)} are`);
  return mapping;
}
