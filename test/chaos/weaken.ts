import {
  compareInShard,
  compileGroup,
  decodeRow,
  encodeRow,
  forgetBefore,
  type GroupKernel,
  type Row,
  settle,
} from '../../lib/kernel/index.ts';
import { markName } from '../../lib/runtime/marks.ts';
import type { ShardPosition, StateStore, StoredRow, UnappliedStore } from '../../lib/runtime/ports.ts';
import { tableOf } from '../../lib/runtime/rows.ts';
import type { Batch } from './attempts.ts';
import { type FeedName, feeds, withinMs } from './feed.ts';
import type { Connection, Stored } from './store.ts';

/** One rule of the protocol taken away, in what an attempt is told by the store: the runtime knows nothing of it. */
export type Weakening = (store: StateStore, context: WeakeningContext) => Partial<StateStore>;

export interface WeakeningContext {
  /** What is stored in truth. */
  readonly stored: Stored;
  readonly feed: FeedName;
  readonly batch: Batch;
}

/** Rows remember nothing of what they hold. */
export const noMarks: Weakening = (store, { feed }) => ({
  read: rewriting(store, feed, row => {
    row.marks = [];
  }),
});

/** Marks are pruned by progress as ever, but no attempt is told of it. */
export const noProgress: Weakening = (store, { feed, stored }) => ({
  read: rewriting(store, feed, row => {
    row.marks = row.marks.filter(mark => {
      for (const [life, shards] of stored.progress) {
        for (const [shard, passed] of shards) {
          if (mark.shard === markName(life, shard)) return compareInShard(mark, passed) > 0;
        }
      }
      return true;
    });
  }),
  readProgress: async life => {
    await store.readProgress(life);
    return new Map();
  },
});

/** The progress that an attempt is told is that from before it read the rows. */
export const progressBeforeRows: Weakening = (store, { stored, batch }) => {
  let before: ReadonlyMap<string, ShardPosition> | null = null;
  return {
    read(table, keys) {
      before = new Map(stored.progress.get(batch.life));
      return store.read(table, keys);
    },
    readProgress: async life => {
      const now = await store.readProgress(life);
      return before ?? now;
    },
  };
};

/** Home rows remember no ids. */
export const noRing: Weakening = (store, { feed }) => ({
  read: rewriting(store, feed, row => {
    row.ring = null;
    row.settled = null;
    row.idRuns = [];
  }),
});

/** Ids are forgotten by the arrival of a batch's last record, and whatever else is in flight. */
export const idsForgottenEarly: Weakening = (store, { feed, batch }) => ({
  read: rewriting(store, feed, row => {
    row.settled = forgetBefore(row.settled, (batch.records.at(-1)?.arrivalTime ?? 0) - withinMs);
  }),
});

/** Positions are forgotten while the batch that counted them may still be given again. */
export const positionsForgottenEarly: Weakening = (store, { feed }) => ({
  read: rewriting(store, feed, row => {
    row.settled = settle(row.settled, row.ring);
    row.ring = null;
  }),
});

/** What home rows say is believed before they are written: a write that failed passes for written. */
export const unconfirmedVerdicts: Weakening = (store, { feed }) => ({
  async write(table, writes) {
    const outcomes = await store.write(table, writes);
    return table === homeTable(feed) ? outcomes.map(() => 'written') : outcomes;
  },
});

/** Other rows' marks pass events whose home row could not be written. */
export const noCut: Weakening = (store, { feed, batch }) => {
  const unwritten = new Set<string>();
  const last = batch.records.at(-1);
  return {
    async write(table, writes) {
      if (table !== homeTable(feed)) {
        if (unwritten.size === 0 || last === undefined) return store.write(table, writes);
        const shard = markName(batch.life, batch.shard);
        const end = { shard, sequence: last.sequence, index: 2 ** 31 };
        const passing = writes.map(write => ({
          ...write,
          bytes: rewritten(kernelsOf(feed).get(table) as GroupKernel, write.bytes, row => {
            row.marks = [...row.marks.filter(mark => mark.shard !== shard), end];
          }),
        }));
        return store.write(table, passing);
      }
      const outcomes = await store.write(table, writes);
      for (const [i, { key }] of writes.entries()) {
        if (outcomes[i] === 'written') unwritten.delete(key);
        else unwritten.add(key);
      }
      return outcomes;
    },
  };
};

/** One rule of redriving taken away. */
export type RedriveWeakening = (
  connection: Connection,
  feed: FeedName,
  stored: Stored,
) => Partial<Connection>;

/** Entries are believed without their row: it lacks whatever was put for it. */
export const entriesBelieved: RedriveWeakening = (connection, feed, { unapplied }) => ({
  async read(table, keys) {
    const kernel = kernelsOf(feed).get(table) as GroupKernel;
    const rows = await connection.read(table, keys);
    const entries = await unapplied.list({ table, limit: Number.MAX_SAFE_INTEGER });
    return rows.map((row, i): StoredRow | null => {
      if (row === null || row.bytes[0] === 0) return row;
      const own = entries.filter(entry => entry.key === keys[i] && entry.fault === null);
      const positions = own.map(e => ({ ...e.position, shard: markName(e.incarnation, e.position.shard) }));
      const bytes = rewritten(kernel, row.bytes, known => {
        known.setAside = positions;
      });
      return { version: row.version, bytes };
    });
  },
});

/** What is not said by the row yet counts as settled, though an attempt may be about to say it. */
export const settledEarly: RedriveWeakening = connection => ({
  async readProgress(life) {
    const progress = await connection.readProgress(life);
    return new Map([...progress].map(([shard]) => [shard, { sequence: 10n ** 60n, index: 0 }]));
  },
});

/** The entries of a row are those from before it was read. */
export const entriesBeforeRow: RedriveWeakening = connection => {
  let before: ReturnType<UnappliedStore['list']> | null = null;
  return {
    unapplied: {
      ...connection.unapplied,
      async list(filter) {
        if (filter.key === undefined) before = connection.unapplied.list(filter);
        const all = (await before) ?? [];
        return filter.key === undefined
          ? all
          : all.filter(e => e.table === filter.table && e.key === filter.key);
      },
    },
  };
};

function rewriting(store: StateStore, feed: FeedName, change: (row: Row) => void): StateStore['read'] {
  return async (table, keys) => {
    const kernel = kernelsOf(feed).get(table) as GroupKernel;
    const rows = await store.read(table, keys);
    return rows.map((row): StoredRow | null =>
      row === null || row.bytes[0] === 0
        ? row
        : { version: row.version, bytes: rewritten(kernel, row.bytes, change) },
    );
  };
}

function rewritten(kernel: GroupKernel, bytes: Uint8Array, change: (row: Row) => void): Uint8Array {
  const row = decodeRow(kernel, bytes);
  change(row);
  return encodeRow(kernel, row);
}

export const homeTable = (feed: FeedName): string => (feed === 'home' ? 'user_activity@1' : idsTable);
const idsTable = 'feed#ids@1';

const kernels = new Map<FeedName, ReadonlyMap<string, GroupKernel>>();

/** By table, what its rows are read with. */
function kernelsOf(feed: FeedName): ReadonlyMap<string, GroupKernel> {
  let known = kernels.get(feed);
  if (known === undefined) {
    const { plan } = feeds[feed];
    const byTable = new Map(plan.groups.map(group => [tableOf(group), compileGroup(plan, group)]));
    const like = plan.groups[0] as (typeof plan.groups)[number];
    const ids = { ...like, name: 'feed#ids', keys: ['user'], slots: [], features: [], derived: [] };
    byTable.set(idsTable, compileGroup(plan, ids));
    kernels.set(feed, byTable);
    known = byTable;
  }
  return known;
}
