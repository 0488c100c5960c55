/** What a suite gets from each adapter's test: the adapter, and what the suite does to the world around it. */
export interface Subject<Adapter> {
  readonly adapter: Adapter;
  /** Lets go of the adapter and opens it anew on the same data. */
  reopen(): Promise<Adapter>;
  dispose(): Promise<void>;
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (value: Uint8Array): string => new TextDecoder().decode(value);

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
