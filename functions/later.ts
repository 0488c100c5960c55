/** Opens with the first call, and once: what few invocations need is not loaded with each cold start. */
export function later<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | null = null;
  return () => {
    opened ??= open();
    return opened;
  };
}
