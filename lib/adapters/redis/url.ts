import { MillraceError } from '../../runtime/errors.ts';
import type { RedisOptions } from './client.ts';

/**
 * `redis://user:password@host:6379`, or `rediss://` for TLS; `?cluster=true` where it is a node of a cluster. Throws
 * MillraceError.
 */
export function parseRedisUrl(text: string): RedisOptions {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isOurs = url !== null && [...url.searchParams.keys()].every(name => name === 'cluster');
  if (!isOurs || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '')
    // It may have a password, which is not repeated.
    throw new MillraceError('that is no address of Redis: write redis://HOST:PORT, or rediss:// for TLS');
  const { hostname, port, username, password, protocol, searchParams } = url;
  return {
    host: hostname,
    port: port === '' ? 6379 : Number(port),
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    tls: protocol === 'rediss:',
    isCluster: searchParams.get('cluster') === 'true',
  };
}
