import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Asked, startAsking } from './asking.ts';
import type { ClientQuestions } from './client.ts';
import type { ServiceOptions, ServiceQuestions } from './service.ts';

/** A service and a client of it, each a process of its own. */
export interface Live {
  readonly url: string;
  /** Of its own, for files; removed in the end. */
  readonly folder: string;
  readonly service: Asked<ServiceQuestions>;
  readonly client: Asked<ClientQuestions>;
  /** Resolves when the service has processed all that it accepted. */
  caughtUp(): Promise<void>;
}

/** Starts a service with an empty data directory, and stops it when `work` is done. */
export async function withLive<T>(
  options: Omit<ServiceOptions, 'directory'>,
  work: (live: Live) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const service = startAsking<ServiceQuestions>('./service.ts');
  const client = startAsking<ClientQuestions>('./client.ts');
  try {
    const { url } = await service.ask('start', { ...options, directory: join(folder, 'data') });
    const caughtUp = async () => {
      while ((await service.ask('lag')).behind > 0) await setTimeout(5);
    };
    const result = await work({ url, folder, service, client, caughtUp });
    await service.ask('stop');
    return result;
  } finally {
    await Promise.all([client.end(), service.end()]);
    await rm(folder, { recursive: true, force: true });
  }
}
