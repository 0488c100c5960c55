import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Call, type Fault, startFaultyProxy } from '../adapters/dynamodb/faulty-proxy.ts';
import { freePort, startMinistack } from '../adapters/ministack/server.ts';
import { cdk } from './cdk.ts';
import type { Connection } from './signed-requests.ts';

export interface LocalAws {
  readonly connection: Connection;
  /** What happens to requests of deployed functions to DynamoDB; nothing until it is changed. */
  readonly dynamoFaults: { faultOf: (call: Call) => Fault | null };
  /** Makes an assembly of this repository's app for the environment `local`; gives where it is. */
  synth(name: string, features?: string): Promise<string>;
  bootstrap(assembly: string): Promise<void>;
  deploy(assembly: string): Promise<void>;
  destroy(assembly: string): Promise<void>;
  stop(): Promise<void>;
}

export interface LocalAwsOptions {
  /** The file that MiniStack's own words go to. */
  readonly logFile: string;
  /** Gets those of the CDK. */
  readonly log: (text: string) => void;
  readonly signal: AbortSignal;
}

/** An empty AWS on this machine, and the CDK talking to it. */
export async function startLocalAws({ logFile, log, signal }: LocalAwsOptions): Promise<LocalAws> {
  const port = await freePort();
  const dynamoFaults: LocalAws['dynamoFaults'] = { faultOf: () => null };
  const proxy = await startFaultyProxy(`http://127.0.0.1:${port}`, {
    faultOf: call => dynamoFaults.faultOf(call),
  });
  const functionEnvironment = { AWS_ENDPOINT_URL_DYNAMODB: proxy.url };
  const ministack = await startMinistack({ port, log: logFile, functionEnvironment });
  const folder = await mkdtemp(join(tmpdir(), 'millrace-deploy-'));
  const { connection } = ministack;
  const environment = {
    AWS_ENDPOINT_URL: connection.endpoint,
    AWS_ACCESS_KEY_ID: connection.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: connection.credentials.secretAccessKey,
    AWS_REGION: connection.region,
    // Nothing is asked of an account that the user may have.
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: join(folder, 'no-config'),
    AWS_SHARED_CREDENTIALS_FILE: join(folder, 'no-credentials'),
  };
  const run = (...args: string[]): Promise<void> => cdk(args, { environment, log, signal });
  return {
    connection,
    dynamoFaults,
    async synth(name, features) {
      const assembly = join(folder, name);
      const other = features === undefined ? [] : ['-c', `features=${features}`];
      await run('synth', '--quiet', '-c', 'env=local', ...other, '--output', assembly, '**');
      return assembly;
    },
    bootstrap: assembly => run('bootstrap', '--app', assembly, `aws://${account}/${connection.region}`),
    deploy: assembly =>
      run('deploy', '--app', assembly, '--require-approval', 'never', '--progress', 'events', '**'),
    destroy: assembly => run('destroy', '--app', assembly, '--force', '**'),
    async stop() {
      await ministack.stop();
      await proxy.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const account = '000000000000';
