import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { type ServeOptions, serve } from '../../lib/local/index.ts';
import type { ServiceLimits } from '../../lib/service/limits.ts';
import visits from '../cli/visits.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { clientOf } from './client.ts';

export * from './client.ts';

/** A service on a port of its own, with the definitions of the tests; it is stopped when the test is over. */
export async function startService(options: Partial<ServeOptions> = {}) {
  const errors: unknown[] = [];
  const served = await serve({
    directory: join(temporaryDirectory(), 'data'),
    definitions: visits,
    create: true,
    port: 0,
    windowMs: 1,
    durability: 'os',
    onError: error => errors.push(error),
    ...options,
  });
  onTestFinished(() => served.stop().catch(() => {}));
  return { ...served, errors, ...clientOf(served.url) };
}

/** A service for all tests of a file; `stop` checks that none of what was asked was the service's own fault. */
export async function startBlameless(limits: Partial<ServiceLimits>) {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  const errors: unknown[] = [];
  const served = await serve({
    directory,
    definitions: visits,
    create: true,
    port: 0,
    windowMs: 1,
    durability: 'os',
    limits,
    onError: error => errors.push(error),
  });
  return {
    served,
    client: clientOf(served.url),
    async stop() {
      await served.stop();
      rmSync(directory, { recursive: true });
      expect(errors).toEqual([]);
    },
  };
}

/** An event of the tests' stream, as text. */
export const visit = (id: number, more: object = {}): string =>
  JSON.stringify({ id, ts: Date.now(), user: 'ann', page: '7', kind: 'view', ms: 1, ...more });
