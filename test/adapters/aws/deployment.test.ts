import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { expect, onTestFinished, test } from 'vitest';
import { findDeployment } from '../../../lib/adapters/aws/deployment.ts';
import { type FakeStack, startStacksServer } from '../../support/stacks-server.ts';

const stack = (environment: string, name: string, outputs: Readonly<Record<string, string>>): FakeStack => ({
  name: `${environment}-${name}`,
  tags: { 'millrace:environment': environment, owner: 'feed' },
  outputs,
});

const data = {
  StreamNames: '{"plays":"dev-Data-Plays1A2B"}',
  StreamIncarnations: '{"plays":"plays-7"}',
  SetAsideBucket: 'dev-bucket',
  ControlTable: 'dev-control',
  ProgressTable: 'dev-progress',
  LeaseTable: 'dev-leases',
};

async function clientOf(stacks: readonly FakeStack[]) {
  const { endpoint, close } = await startStacksServer(() => stacks);
  onTestFinished(close);
  return new CloudFormationClient({
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'y' },
  });
}

test('an environment is found by its tag, whatever else the account has', async () => {
  const client = await clientOf([
    stack('prod', 'Data', { ...data, SetAsideBucket: 'prod-bucket' }),
    { name: 'other', tags: {}, outputs: { SetAsideBucket: 'not-ours' } },
    stack('dev', 'Data', data),
    stack('dev', 'Serving', { ApiUrl: 'https://x.execute-api.eu-west-1.amazonaws.com/' }),
  ]);
  expect(await findDeployment('dev', client)).toEqual({
    environment: 'dev',
    region: 'eu-west-1',
    apiUrl: 'https://x.execute-api.eu-west-1.amazonaws.com',
    streams: new Map([['plays', 'dev-Data-Plays1A2B']]),
    incarnations: new Map([['plays', 'plays-7']]),
    bucket: 'dev-bucket',
    controlTable: 'dev-control',
    progressTable: 'dev-progress',
    leaseTable: 'dev-leases',
  });
});

test('an environment that is not there, or only half, is named with what to do', async () => {
  const client = await clientOf([
    stack('dev', 'Data', data),
    stack('bad', 'Data', { ...data, ApiUrl: 'https://x', StreamNames: 'plays' }),
  ]);
  await expect(findDeployment('staging', client)).rejects.toThrow(
    "no environment staging is deployed in eu-west-1 in this account: is it another profile (AWS_PROFILE)? To deploy it: npx cdk deploy -c env=staging '**'",
  );
  await expect(findDeployment('dev', client)).rejects.toThrow(
    'environment dev in eu-west-1: no stack has the output ApiUrl (there are dev-Data): deploy it anew, all of its stacks',
  );
  await expect(findDeployment('bad', client)).rejects.toThrow(
    'the output StreamNames is no JSON object: plays',
  );
});
