import { type CompiledDefinitions, type Local, openLocal } from '../local/index.ts';

/** Opens the data directory, which must be there, and closes it whatever happens. */
export async function withLocal<T>(
  directory: string,
  definitions: CompiledDefinitions,
  work: (local: Local) => Promise<T>,
): Promise<T> {
  const local = await openLocal({ directory, definitions });
  try {
    return await work(local);
  } finally {
    await local.close();
  }
}
