import { expect, test } from 'vitest';
import { inventory } from './leftovers.ts';
import type { SendSigned } from './signed-requests.ts';

const answers: Readonly<Record<string, string>> = {
  'DynamoDB_20120810.ListTables': '{"TableNames":["rows"]}',
  'Logs_20140328.DescribeLogGroups': '{"logGroups":[{"logGroupName":"/aws/lambda/serve"}]}',
  ListRoles: '<Role><RoleName>one</RoleName></Role><Role><RoleName>two</RoleName></Role>',
};

const send: SendSigned = async ({ headers = {}, body = '' }) => {
  const asked = headers['x-amz-target'] ?? new URLSearchParams(String(body)).get('Action') ?? '';
  return { status: 200, body: answers[asked] ?? '{}', headers: new Headers() };
};

test('what is there is listed by kind, whatever protocol its service speaks', async () => {
  expect([...(await inventory(send))]).toEqual([
    'table rows',
    'log group /aws/lambda/serve',
    'role one',
    'role two',
  ]);
});

test('a service that does not answer is an error, not an empty list', async () => {
  await expect(
    inventory(async () => ({ status: 500, body: 'down', headers: new Headers() })),
  ).rejects.toThrow('list stack: answered 500');
});
