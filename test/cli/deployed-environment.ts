import { onTestFinished, vi } from 'vitest';
import { type ApiAnswer, startStacksServer } from '../support/stacks-server.ts';

/**
 * The environment `dev`, as its stacks describe it, with its API behind the same address; it ends with the test. What else
 * of AWS a test needs it names by variables of its own (`AWS_ENDPOINT_URL_S3`).
 */
export async function startEnvironment(api: ApiAnswer) {
  let url = '';
  const { endpoint, close } = await startStacksServer(
    () => [
      {
        name: 'dev-All',
        tags: { 'millrace:environment': 'dev' },
        outputs: {
          ApiUrl: `${url}/stage`,
          StreamNames: '{"visits":"dev-visits"}',
          SetAsideBucket: 'dev-set-aside',
          ControlTable: 'dev-control',
          ProgressTable: 'dev-progress',
          LeaseTable: 'dev-leases',
          StreamIncarnations: '{}',
        },
      },
    ],
    api,
  );
  url = endpoint;
  onTestFinished(close);
  const variables = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'AKID',
    AWS_SECRET_ACCESS_KEY: 'secret',
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
}
