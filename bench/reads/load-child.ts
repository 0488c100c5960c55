import { connect, type Socket } from 'node:net';

/** What to send: bodies in turn, over some connections, each with one request at a time. */
export interface LoadOrder {
  readonly port: number;
  readonly path: string;
  readonly bodies: readonly string[];
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second that arrive whether or not earlier ones are answered; without it each answer brings the next. */
  readonly rate?: number;
  /** Never to sleep between answers; see `keepAwake`. */
  readonly awake?: boolean;
}

export interface LoadReport {
  readonly perSecond: number;
  /** ms from a request's arrival, waiting for a connection included. */
  readonly p50: number;
  readonly p99: number;
}

process.once('message', order => {
  run(order as LoadOrder).then(report => {
    process.send?.(report, () => process.exit());
  });
});

async function run(order: LoadOrder): Promise<LoadReport> {
  const requests = order.bodies.map(body =>
    Buffer.from(
      `POST ${order.path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    ),
  );
  const clients = await Promise.all(Array.from({ length: order.connections }, () => open(order.port)));
  const latencies: number[] = [];
  const from = performance.now();
  const end = from + order.seconds * 1000;
  let sent = 0;
  const next = () => requests[sent++ % requests.length] as Buffer;

  if (order.rate === undefined) {
    const rest = order.awake === true ? keepAwake() : () => {};
    await Promise.all(
      clients.map(async ask => {
        for (let at = performance.now(); at < end; at = performance.now()) {
          await ask(next());
          latencies.push(performance.now() - at);
        }
      }),
    );
    rest();
  } else {
    const idle = [...clients];
    const waiting: number[] = [];
    const serve = async (arrived: number): Promise<void> => {
      const ask = idle.pop();
      if (ask === undefined) {
        waiting.push(arrived);
        return;
      }
      await ask(next());
      latencies.push(performance.now() - arrived);
      idle.push(ask);
      const first = waiting.shift();
      if (first !== undefined) await serve(first);
    };
    const all: Promise<void>[] = [];
    // Arrivals as of many independent users: the gaps between them are exponential.
    let due = from;
    while (due < end) {
      while (due <= performance.now() && due < end) {
        all.push(serve(due));
        due += (-Math.log(1 - Math.random()) * 1000) / order.rate;
      }
      await new Promise(resolve => setImmediate(resolve));
    }
    await Promise.all(all);
    while (waiting.length > 0 || idle.length < clients.length)
      await new Promise(resolve => setImmediate(resolve));
  }
  const took = (performance.now() - from) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (q: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))] ?? Number.NaN;
  return { perSecond: latencies.length / took, p50: at(0.5), p99: at(0.99) };
}

/**
 * Keeps this process from sleeping between answers. A client on another machine costs the server nothing to wake; one on the
 * same machine is woken by the server's thread, and often on its core, whenever it is quicker than the server. A quick
 * server, with a canned body, never lets it sleep: so the two would not be measured alike. Returns how to end it.
 */
function keepAwake(): () => void {
  let isAwake = true;
  const turn = (): void => {
    if (isAwake) setImmediate(turn);
  };
  turn();
  return () => {
    isAwake = false;
  };
}

/** A connection as a function that sends a request and resolves with the end of its answer, which has to be a 200. */
function open(port: number): Promise<(request: Buffer) => Promise<void>> {
  return new Promise((resolve, reject) => {
    let answered: (() => void) | null = null;
    let left = 0;
    let head = '';
    const socket: Socket = connect(port, '127.0.0.1', () => {
      socket.setNoDelay(true);
      resolve(request => {
        socket.write(request);
        return new Promise(done => {
          answered = done;
        });
      });
    });
    socket.on('error', reject);
    socket.on('data', part => {
      let body = part.length;
      if (left === 0) {
        head += part.toString('latin1');
        const headEnd = head.indexOf('\r\n\r\n');
        if (headEnd < 0) return;
        if (!head.startsWith('HTTP/1.1 200')) throw new Error(`answered with ${head.slice(0, 500)}`);
        left = Number(/content-length: (\d+)/i.exec(head)?.[1]);
        body = head.length - headEnd - 4;
        head = '';
      }
      left -= body;
      if (left === 0) answered?.();
    });
  });
}
