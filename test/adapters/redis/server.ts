import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectRedis, type RedisClient } from '../../../lib/adapters/redis/client.ts';
import { missingProgram } from '../../support/outside-program.ts';

/** A redis-server of our own: on a free port of this machine only, with a folder of its own. */
export interface RedisServer {
  readonly port: number;
  connect(timeoutMs?: number): Promise<RedisClient>;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Starts it anew on its data and port. */
  start(): Promise<void>;
  /** Stops all of it as a hanging machine would, and lets it go on. */
  freeze(): void;
  thaw(): void;
  dispose(): Promise<void>;
}

export const noRedis = missingProgram('redis-server') ?? undefined;

export interface RedisServerOptions {
  /** Keeps each write on disk before it answers; otherwise all is in memory, as in a cache. */
  readonly isDurable?: boolean;
  /** A cluster of one node, which refuses commands across slots as a large one does. */
  readonly isCluster?: boolean;
}

export async function startRedis({
  isDurable = false,
  isCluster = false,
}: RedisServerOptions = {}): Promise<RedisServer> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'millrace-test-redis-'));
  const settings = [
    ['--bind', '127.0.0.1'],
    ['--port', String(port)],
    ['--dir', folder],
    ['--save', ''],
    ['--appendonly', isDurable ? 'yes' : 'no'],
    ['--appendfsync', 'always'],
    ...(isCluster
      ? [
          ['--cluster-enabled', 'yes'],
          ['--cluster-announce-ip', '127.0.0.1'],
        ]
      : []),
  ].flat();
  let child: ChildProcess;
  let exited: Promise<unknown>;

  async function start(): Promise<void> {
    child = spawn('redis-server', settings, { stdio: ['ignore', 'pipe', 'inherit'] });
    exited = once(child, 'exit').catch(() => {});
    await new Promise<void>((resolve, reject) => {
      let said = '';
      child.on('error', reject);
      child.on('exit', code => reject(new Error(`redis-server ended with ${code}: ${said}`)));
      child.stdout!.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('Ready to accept connections')) resolve();
      });
    });
    child.stdout!.resume();
  }

  const connect = (timeoutMs?: number): Promise<RedisClient> =>
    connectRedis({ host: '127.0.0.1', port, isCluster, ...(timeoutMs === undefined ? {} : { timeoutMs }) });

  await start();
  if (isCluster) {
    const node = await connectRedis({ host: '127.0.0.1', port });
    await node.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16383);
    while (!String(await node.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) await turn();
    await node.close();
  }

  async function kill(): Promise<void> {
    child.kill('SIGKILL');
    await exited;
  }

  return {
    port,
    connect,
    kill,
    start,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async dispose() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const turn = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 10));

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}
