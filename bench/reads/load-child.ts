import { connect, type Socket } from 'node:net';

/** What to send, in phases, and these round by round: so that what slows the machine for a while slows all of them. */
export interface LoadOrder {
  /** Sent in turn. */
  readonly bodies: readonly string[];
  readonly phases: readonly LoadPhase[];
  readonly rounds: number;
  /** Rounds before those that count: this process is new, and its code compiled as it is used. */
  readonly warmUps?: number;
}

export interface LoadPhase {
  readonly port: number;
  readonly path: string;
  readonly seconds: number;
  /** Each has one request at a time. */
  readonly connections: number;
  /** Never to sleep between answers; see `keepAwake`. */
  readonly awake?: boolean;
  /**
   * Requests arrive whether or not earlier ones are answered, at half the rate that this phase, an earlier one, had in the same
   * round. Without it each answer brings the next request.
   */
  readonly halfOf?: number;
}

/** Of a phase. */
export interface LoadReport {
  /** Requests a second, by round. */
  readonly perSecond: readonly number[];
  /** ms from a request's arrival, waiting for a connection included, in all rounds. */
  readonly p50: number;
  readonly p99: number;
}

/** Sends a request; calls back at the end of its answer, which has to be a 200. */
type Ask = (request: Buffer, done: () => void) => void;

process.once('message', order => {
  run(order as LoadOrder).then(reports => {
    process.send?.(reports, () => process.exit());
  });
});

async function run({ bodies, phases, rounds, warmUps = 0 }: LoadOrder): Promise<LoadReport[]> {
  const requestsTo = (path: string): Buffer[] =>
    bodies.map(body =>
      Buffer.from(
        `POST ${path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n` +
          `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      ),
    );
  const all = await Promise.all(
    phases.map(async phase => ({
      phase,
      clients: await Promise.all(Array.from({ length: phase.connections }, () => open(phase.port))),
      requests: requestsTo(phase.path),
      latencies: collect(),
      perSecond: [] as number[],
    })),
  );
  let sent = 0;
  for (let round = -warmUps; round < rounds; round++) {
    for (const { phase, clients, requests, latencies, perSecond } of all) {
      const from = performance.now();
      const end = from + phase.seconds * 1000;
      const next = () => requests[sent++ % requests.length] as Buffer;
      const before = latencies.count();
      if (phase.halfOf === undefined) await inTurn(clients, next, end, latencies, phase.awake ?? false);
      else await asTheyArrive(clients, next, end, latencies, 0.5 * all[phase.halfOf]!.perSecond.at(-1)!);
      perSecond.push(((latencies.count() - before) / (performance.now() - from)) * 1000);
    }
    if (round < 0) for (const { latencies } of all) latencies.clear();
  }
  return all.map(({ latencies, perSecond }) => {
    const sorted = latencies.all().sort();
    const at = (q: number) =>
      sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
    return { perSecond: perSecond.slice(warmUps), p50: at(0.5), p99: at(0.99) };
  });
}

/** Each connection sends its next request when the one before is answered. */
async function inTurn(
  clients: readonly Ask[],
  next: () => Buffer,
  end: number,
  latencies: Latencies,
  awake: boolean,
): Promise<void> {
  const rest = awake ? keepAwake() : () => {};
  await Promise.all(
    clients.map(
      ask =>
        new Promise<void>(resolve => {
          const send = (): void => {
            const at = performance.now();
            if (at >= end) {
              resolve();
              return;
            }
            ask(next(), () => {
              latencies.add(performance.now() - at);
              send();
            });
          };
          send();
        }),
    ),
  );
  rest();
}

/** Requests arrive as of many independent users, the gaps between them being exponential; without an idle connection they wait. */
async function asTheyArrive(
  clients: readonly Ask[],
  next: () => Buffer,
  end: number,
  latencies: Latencies,
  rate: number,
): Promise<void> {
  const idle = [...clients];
  const waiting: number[] = [];
  let waited = 0;
  const serve = (ask: Ask, arrived: number): void =>
    ask(next(), () => {
      latencies.add(performance.now() - arrived);
      if (waited < waiting.length) serve(ask, waiting[waited++] as number);
      else idle.push(ask);
    });
  let due = performance.now();
  while (due < end) {
    while (due <= performance.now() && due < end) {
      const ask = idle.pop();
      if (ask === undefined) waiting.push(due);
      else serve(ask, due);
      due += (-Math.log(1 - Math.random()) * 1000) / rate;
    }
    await turn();
  }
  while (idle.length < clients.length) await turn();
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** Numbers one after the other, and no garbage: a pause of this process would count as one of the server. */
function collect(): Latencies {
  let numbers = new Float64Array(1 << 20);
  let count = 0;
  return {
    add(x: number): void {
      if (count === numbers.length) {
        const more = new Float64Array(2 * count);
        more.set(numbers);
        numbers = more;
      }
      numbers[count++] = x;
    },
    count: () => count,
    all: () => numbers.slice(0, count),
    clear() {
      count = 0;
    },
  };
}

interface Latencies {
  add(ms: number): void;
  count(): number;
  all(): Float64Array;
  clear(): void;
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

function open(port: number): Promise<Ask> {
  return new Promise((resolve, reject) => {
    let answered: (() => void) | null = null;
    let left = 0;
    let head = '';
    const socket: Socket = connect(port, '127.0.0.1', () => {
      socket.setNoDelay(true);
      resolve((request, done) => {
        answered = done;
        socket.write(request);
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
