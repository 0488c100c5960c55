import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DataDirectory, openDataDirectory } from '../../../lib/adapters/rocksdb/data-directory.ts';
import type { Subject } from '../../conformance/harness.ts';

export const temporaryPath = (): Promise<string> => mkdtemp(join(tmpdir(), 'millrace-test-'));

/** An adapter over a data directory of its own. */
export async function rocksdbSubject<Adapter>(
  make: (directory: DataDirectory) => Adapter | Promise<Adapter>,
): Promise<Subject<Adapter> & { directory(): DataDirectory }> {
  const path = await temporaryPath();
  let directory = await openDataDirectory(path, { create: true });
  return {
    adapter: await make(directory),
    directory: () => directory,
    async reopen() {
      await directory.close();
      directory = await openDataDirectory(path);
      return make(directory);
    },
    async dispose() {
      await directory.close();
      await rm(path, { recursive: true, force: true });
    },
  };
}
