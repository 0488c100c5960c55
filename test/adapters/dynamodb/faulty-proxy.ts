import { Agent, createServer, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { close, listen } from './servers.ts';

/**
 * What happens to a request on its way:
 * - `throttle`, `error`: it is answered as DynamoDB does when it is too much, or when something fails in DynamoDB;
 * - `reset`: the connection ends before it gets there; `lose`: it takes effect, and the connection ends before the answer;
 * - `hang`: it takes effect, and is never answered;
 * - `late`: the connection ends, and it takes effect after `delayMs`; `slow`: it takes effect then, and is answered;
 * - `put off`: of a batch the second half is not done, and answered as such.
 */
export type Fault = 'throttle' | 'error' | 'reset' | 'lose' | 'hang' | 'late' | 'slow' | 'put off';

/** One request, as it came. */
export interface Call {
  readonly operation: string;
  // biome-ignore lint/suspicious/noExplicitAny: what DynamoDB's protocol makes of it
  readonly body: any;
}

export interface FaultyProxy {
  readonly url: string;
  /** All requests so far. */
  readonly calls: readonly Call[];
  /** Resolves when all that was to take effect late has. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export interface FaultyProxyOptions {
  faultOf(call: Call): Fault | null;
  /** Changes a request on its way; for tests that show what a part of it is for. */
  rewrite?: ((call: Call) => void) | undefined;
  delayMs?(): number;
}

/** Stands before a DynamoDB and hands requests on, but for those that something happens to. */
export async function startFaultyProxy(target: string, options: FaultyProxyOptions): Promise<FaultyProxy> {
  const agent = new Agent({ keepAlive: true });
  const calls: Call[] = [];
  const delay = options.delayMs ?? (() => 50);
  const late: Promise<unknown>[] = [];

  const send = (headers: IncomingHttpHeaders, body: unknown): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { 'content-length': _, ...kept } = headers;
      const sent = request(target, { method: 'POST', agent, headers: kept }, answer =>
        buffer(answer).then(bytes => resolve({ status: answer.statusCode ?? 500, body: bytes }), reject),
      );
      sent.on('error', reject);
      sent.end(JSON.stringify(body));
    });

  const server = createServer(async (incoming, outgoing) => {
    const call = await callOf(incoming);
    calls.push(call);
    options.rewrite?.(call);
    const { socket, headers } = incoming;
    const answer = ({ status, body }: Answer): void => {
      outgoing.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(body);
    };
    switch (options.faultOf(call)) {
      case 'throttle':
        return answer(failure(400, 'ProvisionedThroughputExceededException'));
      case 'error':
        return answer(failure(500, 'InternalServerError'));
      case 'reset':
        return socket.resetAndDestroy();
      case 'lose':
        await send(headers, call.body);
        return socket.resetAndDestroy();
      case 'hang':
        await send(headers, call.body);
        return;
      case 'late':
        late.push(sleep(delay()).then(() => send(headers, call.body)));
        return socket.resetAndDestroy();
      case 'slow':
        await sleep(delay());
        return answer(await send(headers, call.body));
      case 'put off':
        return answer(await sendHalf(call, body => send(headers, body)));
      case null:
        return answer(await send(headers, call.body));
    }
  });
  const url = await listen(server);
  const settled = async (): Promise<void> => void (await Promise.all(late));
  return {
    url,
    calls,
    settled,
    async stop() {
      await settled();
      await close(server);
      agent.destroy();
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: Buffer | string;
}

async function callOf(incoming: IncomingMessage): Promise<Call> {
  const operation = String(incoming.headers['x-amz-target']).replace(/^.*\./, '');
  return { operation, body: JSON.parse((await buffer(incoming)).toString()) };
}

const failure = (status: number, name: string): Answer => ({
  status,
  body: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: 'injected' }),
});

/** Of a batch on one table. */
async function sendHalf(
  { operation, body }: Call,
  send: (body: unknown) => Promise<Answer>,
): Promise<Answer> {
  const [table, wanted] = Object.entries(body.RequestItems)[0] as [string, { Keys: unknown[] } | unknown[]];
  const all = Array.isArray(wanted) ? wanted : wanted.Keys;
  const withItems = (items: unknown[]) =>
    items.length === 0 ? {} : { [table]: Array.isArray(wanted) ? items : { ...wanted, Keys: items } };
  const done = all.slice(0, all.length >> 1);
  const putOff = withItems(all.slice(done.length));
  const left = operation === 'BatchGetItem' ? { UnprocessedKeys: putOff } : { UnprocessedItems: putOff };
  if (done.length === 0) return { status: 200, body: JSON.stringify({ Responses: {}, ...left }) };
  const answer = await send({ ...body, RequestItems: withItems(done) });
  if (answer.status !== 200) return answer;
  return { status: 200, body: JSON.stringify({ ...JSON.parse(answer.body.toString()), ...left }) };
}
