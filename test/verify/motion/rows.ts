import { compileGroup, decodeRow, keyOf } from '../../../lib/kernel/index.ts';
import type { CompiledDefinitions, Local } from '../../../lib/local/index.ts';
import { markName } from '../../../lib/runtime/marks.ts';
import { tableOf } from '../../../lib/runtime/rows.ts';
import type { Cut, EntityKey, Entry } from './ledger.ts';

/** What is known of a stored row at one moment. */
export interface Peek {
  /** 0 where there is none. */
  readonly version: number;
  /** The row holds just the events of its entity up to here. */
  readonly cut: Cut;
  /** Whether it is ahead of a shard's progress: a batch is under way. */
  readonly isAhead: boolean;
  readonly hasRuns: boolean;
}

/** The stored rows of a service whose definitions have one stream, and its log, beside the service itself. */
export async function openRows(local: Local, { plan, functions }: CompiledDefinitions) {
  const [{ log, store }] = (await local.goLive()) as [Awaited<ReturnType<Local['goLive']>>[number]];
  const kernels = new Map(plan.groups.map(g => [g.name, compileGroup(plan, g, functions)]));
  const read = new Map<string, number>();

  return {
    /**
     * Rows, and of each the events that it holds. A shard's events are folded in their order, and the row's mark for a
     * shard is the last that was; so of the entity's events it holds those up to the mark. A mark may be missing once the
     * shard's progress has passed it; but what progress has passed is in every row. So it holds all up to the later of the
     * two, and nothing past it: progress never passes what is not written, and a row that is ahead says so by its mark.
     *
     * This takes row and progress of one moment. They are: the store looks both up within the call, and both calls are
     * made in one turn.
     */
    async peek(group: string, keys: readonly EntityKey[]): Promise<readonly Peek[]> {
      const kernel = kernels.get(group)!;
      const texts = keys.map(key => keyOf(Object.values(key))!);
      const rows = store.read(tableOf(kernel.group), texts);
      const progress = store.readProgress(log.incarnation);
      const done = new Map([...(await progress)].map(([shard, { sequence }]) => [shard, Number(sequence)]));
      return (await rows).map(stored => {
        if (stored === null) return { version: 0, cut: done, isAhead: false, hasRuns: false };
        const { marks, runs } = decodeRow(kernel, stored.bytes);
        const cut = new Map(done);
        for (const shard of log.shards) {
          const mark = marks.find(m => m.shard === markName(log.incarnation, shard));
          cut.set(shard, Math.max(Number(mark?.sequence ?? 0), done.get(shard) ?? 0));
        }
        const isAhead = log.shards.some(shard => cut.get(shard)! > (done.get(shard) ?? 0));
        return { version: stored.version, cut, isAhead, hasRuns: runs.length > 0 };
      });
    },

    /** What was appended to the log since the last call. */
    async follow(): Promise<readonly Entry[]> {
      const entries: Entry[] = [];
      for (const shard of log.shards) {
        const records = await log.read(shard, read.get(shard) ?? null, 1_000_000);
        for (const { sequence, arrivalTime, data } of records)
          entries.push({ shard, sequence: Number(sequence), arrivalTime, data });
        if (entries.at(-1)?.shard === shard) read.set(shard, entries.at(-1)!.sequence);
      }
      return entries;
    },
  };
}

export type Rows = Awaited<ReturnType<typeof openRows>>;
