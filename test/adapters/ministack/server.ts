import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { missingProgram } from '../../support/outside-program.ts';

/** Why the suites cannot run; undefined where they can. Install it with `pip install ministack==1.5.33`. */
export const noMinistack = missingProgram('ministack') ?? undefined;

export interface Ministack {
  /** For clients of any service. */
  readonly connection: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  stop(): Promise<void>;
}

export interface MinistackOptions {
  /** The file that what it says goes to; nowhere if not given. */
  readonly log?: string;
  /** A free one unless given. */
  readonly port?: number;
  /** Variables for functions that are deployed there. */
  readonly functionEnvironment?: Readonly<Record<string, string>>;
}

/**
 * A MiniStack of its own on a free port of the loopback interface, when it answers. Functions that are deployed there run
 * on this repository's Node.
 */
export async function startMinistack(options: MinistackOptions = {}): Promise<Ministack> {
  const { log, port = await freePort() } = options;
  const programs = resolve('node_modules/.bin');
  // Functions are unpacked there. They are CommonJS, whatever package.json stands in a folder above.
  const folder = await mkdtemp(join(tmpdir(), 'millrace-ministack-'));
  await writeFile(join(folder, 'package.json'), '{"type":"commonjs"}');
  const output = log === undefined ? 'ignore' : openSync(log, 'a');
  const child = spawn('ministack', {
    env: {
      ...process.env,
      ...options.functionEnvironment,
      TMPDIR: folder,
      PATH: `${programs}${delimiter}${process.env.PATH}`,
      BIND_HOST: '127.0.0.1',
      MINISTACK_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      LAMBDA_EXECUTOR: 'local',
    },
    stdio: ['ignore', output, output],
  });
  const endpoint = `http://127.0.0.1:${port}`;
  await answers(endpoint, child);
  return {
    connection: {
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit');
        child.kill();
        await ended;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}

async function answers(endpoint: string, child: ChildProcess): Promise<void> {
  const end = Date.now() + 30_000;
  while (Date.now() < end) {
    if (child.exitCode !== null) throw new Error(`ministack ended with ${child.exitCode}`);
    try {
      await fetch(endpoint);
      return;
    } catch {
      await new Promise(resolve => setTimeout(resolve, 100));
    }
  }
  child.kill();
  throw new Error('ministack did not answer within 30 s');
}
