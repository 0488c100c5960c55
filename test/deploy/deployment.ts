import { readFile } from 'node:fs/promises';
import { MillraceError } from '../../lib/kernel/errors.ts';
import type { MappingConfiguration } from './mapping-settings.ts';
import { jsonOf, type SendSigned } from './signed-requests.ts';

/** What was deployed is not what this looks for. */
export class DeploymentError extends MillraceError {
  override readonly name = 'DeploymentError';
}

/** Where the parts of a deployed environment are. */
export interface Deployment {
  /** Of the HTTP API's root, on the local AWS. */
  readonly apiPath: string;
  /** Kinesis's name of the stream. */
  readonly streamName: string;
  readonly incarnation: string;
  /** DynamoDB's names by the runtime's, `user_engagement@1`. */
  readonly tables: ReadonlyMap<string, string>;
  readonly progressTable: string;
  /** Where events are set aside. */
  readonly bucket: string;
  readonly functionName: string;
  readonly mappingId: string;
  readonly mapping: MappingConfiguration;
}

interface Mapping extends MappingConfiguration {
  readonly UUID: string;
  readonly EventSourceArn: string;
  readonly FunctionArn: string;
}

/** Finds the parts by the deployment's outputs and what Lambda knows. Throws DeploymentError. */
export async function findDeployment(send: SendSigned, outputsFile: string): Promise<Deployment> {
  const outputs: Record<string, Record<string, string>> = JSON.parse(await readFile(outputsFile, 'utf8'));
  const apiId = Object.values(outputs).find(stack => 'ApiId' in stack)?.ApiId;
  if (apiId === undefined) throw new DeploymentError('no stack has an output ApiId');
  const listed = await send({ service: 'lambda', method: 'GET', path: `${lambda}/event-source-mappings/` });
  const { EventSourceMappings } = jsonOf(listed, 'list mappings') as { EventSourceMappings: Mapping[] };
  const [mapping, second] = EventSourceMappings;
  if (mapping === undefined || second !== undefined)
    throw new DeploymentError(`one mapping should be deployed, and ${EventSourceMappings.length} are`);
  const variables = await variablesOf(send, mapping.FunctionArn);
  const variable = (name: string): string => {
    const value = variables[name];
    if (value === undefined) throw new DeploymentError(`${mapping.FunctionArn} has no variable ${name}`);
    return value;
  };
  return {
    apiPath: `/_aws/execute-api/${apiId}/$default`,
    streamName: lastPart(mapping.EventSourceArn, '/'),
    incarnation: variable('MILLRACE_INCARNATION'),
    tables: new Map(Object.entries(JSON.parse(variable('MILLRACE_TABLES')))),
    progressTable: variable('MILLRACE_PROGRESS_TABLE'),
    bucket: variable('MILLRACE_BUCKET'),
    functionName: mapping.FunctionArn,
    mappingId: mapping.UUID,
    mapping,
  };
}

export const lambda = '/2015-03-31';

async function variablesOf(send: SendSigned, name: string): Promise<Readonly<Record<string, string>>> {
  const path = `${lambda}/functions/${encodeURIComponent(name)}/configuration`;
  const configuration = jsonOf(
    await send({ service: 'lambda', method: 'GET', path }),
    'look at the function',
  );
  return (
    (configuration as { Environment?: { Variables?: Record<string, string> } }).Environment?.Variables ?? {}
  );
}

const lastPart = (text: string, separator: string): string => text.slice(text.lastIndexOf(separator) + 1);
