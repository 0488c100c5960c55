import type { LogRecord } from '../../lib/runtime/ports.ts';
import type { ShardSource, StreamShard } from '../../lib/runtime/worker/ports.ts';

export interface MemoryShards extends ShardSource {
  /** Opens a shard. */
  add(id: string, ...parents: readonly string[]): void;
  /** Puts records at the shard's end. */
  put(id: string, ...records: readonly LogRecord[]): void;
  closeShard(id: string): void;
  /** The stream forgets it. */
  drop(id: string): void;
}

/** A stream in memory, which can fail: `before` is called before each operation, and may wait or throw. */
export function createMemoryShards(
  before: (operation: 'shards' | 'read', shard: string | null) => void | Promise<void> = () => {},
): MemoryShards {
  const shards = new Map<string, { info: StreamShard; records: LogRecord[]; isOpen: boolean }>();
  return {
    add(id, ...parents) {
      shards.set(id, { info: { id, parents }, records: [], isOpen: true });
    },
    put: (id, ...records) => void shards.get(id)!.records.push(...records),
    closeShard(id) {
      shards.get(id)!.isOpen = false;
    },
    drop: id => void shards.delete(id),
    async shards() {
      await before('shards', null);
      return [...shards.values()].map(({ info }) => info);
    },
    open(id, after) {
      let last = after;
      return {
        async read(limit) {
          await before('read', id);
          const { records, isOpen } = shards.get(id)!;
          const next = records.filter(r => last === null || r.sequence > last);
          const page = next.slice(0, limit);
          last = page.at(-1)?.sequence ?? last;
          const isLast = page.length === next.length;
          return { records: page, behindMs: isLast ? 0 : 1_000, isEnd: isLast && !isOpen };
        },
      };
    },
  };
}
