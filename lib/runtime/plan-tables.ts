import type { GroupPlan, Plan, StreamPlan } from '../kernel/plan.ts';
import { day } from '../kernel/time.ts';
import { hopOf } from '../kernel/window.ts';
import { homeGroupOf } from './home-rows.ts';
import { tableOf } from './rows.ts';

/** A table of rows that a Plan needs. */
export interface PlanTable {
  /** The Plan's name of it: `user_plays@1`. */
  readonly table: string;
  /** Whose events its rows are made of. */
  readonly stream: string;
  /** How long (ms) after its last write a row may be dropped, if a backlog is never older than `retentionMs`; null: never. */
  ttlMs(retentionMs: number): number | null;
}

/** All tables of rows that the Plan needs: one for each group, and one for each stream whose ids no group remembers. */
export function tablesOf(plan: Plan): readonly PlanTable[] {
  const homes = plan.streams.flatMap(stream => {
    const group = homeGroupOf(plan, stream);
    return group === null ? [] : [{ stream, group }];
  });
  const bare = homes.map(home => home.group).filter(group => !plan.groups.includes(group));
  return [...plan.groups, ...bare].map(group => {
    const home = homes.find(h => h.group === group);
    return {
      table: tableOf(group),
      stream: group.stream,
      ttlMs: retentionMs => timeToLive(group, home?.stream, retentionMs),
    };
  });
}

/** How long (ms) after its last write a row of a table may be dropped; null: never. For a state store's `ttlOf`. */
export function timesToLive(
  plan: Plan,
  retentionMs: number = defaultRetentionMs,
): (table: string) => number | null {
  const times = new Map(tablesOf(plan).map(({ table, ttlMs }) => [table, ttlMs(retentionMs)]));
  return table => times.get(table) ?? null;
}

/** Where it is not said for how long (ms) a stream keeps events. */
export const defaultRetentionMs = 7 * day;

/**
 * A row is as good as none once no window of its group can see its last event, for any time that may be read
 * (`readableMs`); events are never later than the write that folds them. One that remembers ids is asked about copies
 * that arrived within `within`, and these may be processed as much later as the stream keeps them.
 */
function timeToLive(group: GroupPlan, homeOf: StreamPlan | undefined, retentionMs: number): number | null {
  let longest = 0;
  for (const window of group.slots.flatMap(slot => slot.windows)) {
    if (window === 'lifetime') return null;
    longest = Math.max(longest, window + hopOf(window));
  }
  const ids = homeOf?.dedupe === undefined ? 0 : homeOf.dedupe.withinMs + retentionMs;
  return Math.max(longest + readableMs, ids);
}

/** How far back (ms) the time that a read answers for may lie, where rows expire: before, they may be gone. */
export const readableMs = day;
