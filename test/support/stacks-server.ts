import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface FakeStack {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

/** A request that is not CloudFormation's, for an API behind the same address. */
export type ApiAnswer = (request: IncomingMessage, body: string) => { status: number; body: string };

/** CloudFormation's `DescribeStacks`, a stack a page, on the loopback interface. */
export async function startStacksServer(stacks: () => readonly FakeStack[], api?: ApiAnswer) {
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const query = new URLSearchParams(body);
    if (query.get('Action') === 'DescribeStacks') {
      const page = Number(query.get('NextToken') ?? 0);
      response.writeHead(200, { 'content-type': 'text/xml' });
      response.end(described(stacks(), page));
      return;
    }
    const answer = api?.(request, body) ?? { status: 404, body: '{"message":"Not Found"}' };
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(answer.body);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = () => {
    server.closeAllConnections();
    return new Promise<void>(resolve => server.close(() => resolve()));
  };
  return { endpoint, close };
}

function described(stacks: readonly FakeStack[], page: number): string {
  const stack = stacks[page];
  const members = (of: Readonly<Record<string, string>>, kind: 'Key' | 'OutputKey', value: string) =>
    Object.entries(of)
      .map(([k, v]) => `<member><${kind}>${k}</${kind}><${value}>${escaped(v)}</${value}></member>`)
      .join('');
  const one =
    stack === undefined
      ? ''
      : `<member><StackName>${stack.name}</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus><Tags>${members(stack.tags, 'Key', 'Value')}</Tags><Outputs>${members(stack.outputs, 'OutputKey', 'OutputValue')}</Outputs></member>`;
  const next = page + 1 < stacks.length ? `<NextToken>${page + 1}</NextToken>` : '';
  return `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks>${one}</Stacks>${next}</DescribeStacksResult></DescribeStacksResponse>`;
}

const escaped = (value: string): string =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
