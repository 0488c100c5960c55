import { createServer, type IncomingHttpHeaders } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createIngestFunction } from '../../functions/ingest/index.ts';
import { createServeFunction } from '../../functions/serve/index.ts';
import { definitions } from '../../lib/define/index.ts';
import { close, listen } from '../adapters/dynamodb/servers.ts';
import { playText, userPlays } from '../support/plays.ts';
import { lambdaEnvironment } from './environment.ts';
import { httpRequest } from './http-request.ts';

const defined = definitions({ groups: [userPlays] });
const root = '1-67891233-abcdef012345678912345678';
const trace = `Root=${root};Parent=53995c3f42cd8ad8;Sampled=1`;

/** A part of AWS that refuses all, and keeps the headers of what came. */
async function startRefusing() {
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers);
    request.resume();
    const body = JSON.stringify({ __type: 'AccessDeniedException', message: 'scripted' });
    response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' }).end(body);
  });
  onTestFinished(() => close(server));
  return { url: await listen(server), seen };
}

test.each([
  ['serve', '/v1/features', '{"group":"user_plays","entities":[{"user":"u1"}]}'],
  ['ingest', '/v1/events', playText()],
] as const)(
  '%s hands the trace that Lambda began on to AWS, and logs it with the caller’s id',
  async (name, path, body) => {
    const { url, seen } = await startRefusing();
    const { lines } = lambdaEnvironment({ DYNAMODB: url, KINESIS: url });
    vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', name);
    vi.stubEnv('_X_AMZN_TRACE_ID', trace);
    const handler =
      name === 'serve'
        ? createServeFunction(defined, { MILLRACE_CONTROL_TABLE: 'control' })
        : createIngestFunction(defined, { MILLRACE_STREAMS: '{"plays":"prod-plays"}' });
    const headers = { 'x-correlation-id': 'ranking-7' };
    const answer = await handler(httpRequest(path, body, { headers }));
    expect(answer.headers['x-correlation-id']).toBe('ranking-7');
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.map(h => h['x-amzn-trace-id'])).toEqual(seen.map(() => trace));
    const ours = { correlation_id: 'ranking-7', xray_trace_id: root };
    expect(lines).toContainEqual(expect.objectContaining(ours));
  },
);
