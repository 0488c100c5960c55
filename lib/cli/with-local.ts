import { type CompiledDefinitions, type Local, openLocal } from '../local/index.ts';

/** Opens the data directory, which must be there, and closes it whatever happens. */
export async function withLocal<T>(
  directory: string,
  definitions: CompiledDefinitions,
  work: (local: Local) => Promise<T>,
): Promise<T> {
  const local = await openLocal({ directory, definitions });
  return closeAfter(local, () => work(local));
}

/** Closes what `work` needs open. Where both fail, work's own error is thrown: the other is most often its echo. */
export async function closeAfter<T>(opened: Pick<Local, 'close'>, work: () => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await opened.close().catch(() => {});
    throw error;
  }
  await opened.close();
  return result;
}
