import { createHash } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import { StoreError } from '../../runtime/errors.ts';

/**
 * A connection to Redis or Valkey (6.2 or later, for `PXAT`), alone or a cluster. The only file that knows ioredis, which
 * is loaded by the first to connect.
 *
 * A command is sent once: what is under way when a connection is lost is rejected, and while there is none every
 * command is, at once. Whether to try again is the caller's to decide, who knows what a lost answer means.
 */
export interface RedisClient {
  /** Whether the keys of one command must share a slot. */
  readonly isCluster: boolean;
  /** The reply, its texts as Buffers. Rejects with a StoreError. Nothing waits for an earlier command's reply. */
  call(command: string, ...args: readonly RedisArgument[]): Promise<unknown>;
  /** Runs a script by its hash, and sends it where the server does not know it yet. */
  run(script: RedisScript, keys: readonly RedisArgument[], args: readonly RedisArgument[]): Promise<unknown>;
  /** The servers that own keys: one, or a cluster's primaries. */
  primaries(): readonly Pick<RedisClient, 'call'>[];
  close(): Promise<void>;
}

export type RedisArgument = string | Buffer | number;

export interface RedisOptions {
  readonly host: string;
  readonly port: number;
  /** Whether `host` is a node of a cluster. */
  readonly isCluster?: boolean;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: boolean;
  /** ms without an answer after which a command is rejected; 5,000 if not given. For a cache, some hundred. */
  readonly timeoutMs?: number;
}

/** Resolves once connected, or when `timeoutMs` have passed without: connecting goes on, and commands reject until then. */
export async function connectRedis(options: RedisOptions): Promise<RedisClient> {
  const { host, port, isCluster = false, username, password, tls = false, timeoutMs = 5_000 } = options;
  const ioredis = await import('ioredis');
  const common = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
    commandTimeout: timeoutMs,
    connectTimeout: timeoutMs,
    autoResendUnfulfilledCommands: false,
    // Or what was under way would wait for its timeout.
    maxRetriesPerRequest: 0,
    disableClientInfo: true,
  };
  const backoff = (times: number): number =>
    Math.min(2_000, 20 * 2 ** Math.min(times, 7)) * (0.5 + Math.random() / 2);
  const connection = isCluster
    ? new ioredis.Cluster([{ host, port }], {
        redisOptions: common,
        clusterRetryStrategy: backoff,
        enableOfflineQueue: false,
      })
    : new ioredis.Redis({ ...common, host, port, retryStrategy: backoff, enableOfflineQueue: false });
  const where = `redis ${host}:${port}`;
  let lastError: Error | undefined;
  connection.on('error', (error: Error) => {
    lastError = error;
  });

  await new Promise<void>(resolve => {
    const timer = setTimeout(resolve, timeoutMs);
    connection.once('ready', () => {
      clearTimeout(timer);
      resolve();
    });
  });

  const caller = (to: Redis | Cluster): Pick<RedisClient, 'call'> => ({
    async call(command, ...args) {
      try {
        return await to.callBuffer(command, ...args);
      } catch (error) {
        throw storeErrorOf(where, error as Error, lastError);
      }
    },
  });
  const { call } = caller(connection);

  return {
    isCluster,
    call,
    async run(script, keys, args) {
      try {
        return await call('EVALSHA', script.sha, keys.length, ...keys, ...args);
      } catch (error) {
        if (!isUnknownScript(error)) throw error;
        return call('EVAL', script.lua, keys.length, ...keys, ...args);
      }
    },
    primaries: () => ('nodes' in connection ? connection.nodes('master').map(caller) : [{ call }]),
    async close() {
      connection.disconnect();
    },
  };
}

export interface RedisScript {
  readonly lua: string;
  readonly sha: string;
}

export const redisScript = (lua: string): RedisScript => ({
  lua,
  sha: createHash('sha1').update(lua).digest('hex'),
});

const isUnknownScript = (error: unknown): boolean =>
  error instanceof StoreError && (error.cause as Error).message.startsWith('NOSCRIPT');

function storeErrorOf(where: string, error: Error, connectionError: Error | undefined): StoreError {
  const { message } = error;
  if (message.startsWith('OOM'))
    return new StoreError('full', `${where} has no memory left (maxmemory): give it more`, { cause: error });
  if (message.startsWith('WRONGTYPE'))
    return new StoreError('corrupt', `${where}: a key under the prefix holds what is not ours`, {
      cause: error,
    });
  const known = connectionError === undefined ? '' : `: ${connectionError.message}`;
  const why = message.includes('enableOfflineQueue')
    ? `no connection${known}`
    : message.includes('max retries per request')
      ? `the connection was lost${known}`
      : message;
  return new StoreError('unavailable', `${where}: ${why}`, { cause: error });
}
