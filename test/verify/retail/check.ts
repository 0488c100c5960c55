import type { GroupPlan } from '../../../lib/kernel/plan.ts';
import { type CompiledDefinitions, openLocal } from '../../../lib/local/index.ts';
import { agrees, sparseLimit, standardError } from './compare.ts';
import { type Rule, rules } from './rules.ts';
import { type Expected, openRetailSql } from './sql.ts';

export interface CheckOptions {
  readonly definitions: CompiledDefinitions;
  /** The log, NDJSON, gzip or not: what the platform ingests and what the SQL reads. */
  readonly log: string;
  /** For the platform's data; must not exist. */
  readonly directory: string;
  /** Ascending, epoch ms. The log is paused at each, with just the events before it. */
  readonly queryTimes: readonly number[];
  readonly groups?: readonly string[];
  /** Of a group's entities, where there are many, one in so many is read. All without it. */
  readonly oneIn?: number;
  /** Entities without any event yet that are read as well, at most, at each time. */
  readonly unseen?: number;
  /** For tests of this check: changes the SQL, or the time that the platform is asked about. */
  readonly edit?: (sql: string) => string;
  readonly asOf?: (q: number) => number;
  readonly onProgress?: (at: { q: number; done: number; compared: number; mismatches: number }) => void;
}

export interface CheckReport {
  readonly events: number;
  readonly compared: number;
  readonly mismatches: number;
  /** By `group.feature`. */
  readonly features: ReadonlyMap<string, { compared: number; mismatches: number }>;
  /** The first mismatches, in words. */
  readonly examples: readonly string[];
  /** Errors of the dense approxDistinct sketches, in standard errors. */
  readonly sketchErrors: readonly number[];
}

/**
 * Replays a log of retail events through the platform, as `millrace ingest --replay` does, stops at each query time,
 * reads every feature of every entity as a user would, and compares with the hand-written SQL.
 */
export async function checkRetail(options: CheckOptions): Promise<CheckReport> {
  const { definitions, queryTimes, unseen = 1_000, oneIn = 1, asOf = q => q } = options;
  const groups = definitions.plan.groups.filter(g => options.groups?.includes(g.name) ?? true);
  const sql = await openRetailSql(options.log, options.edit);
  const local = await openLocal({
    directory: options.directory,
    definitions,
    create: true,
    durability: 'os',
  });
  const expectations = oneAhead(
    queryTimes.flatMap(q => groups.map(group => [group.name, q] as const)),
    sql.expected,
  );
  const features = new Map<string, { compared: number; mismatches: number }>();
  const examples: string[] = [];
  const sketchErrors: number[] = [];
  let compared = 0;
  let mismatches = 0;

  const report = (
    group: string,
    feature: string,
    keys: unknown,
    q: number,
    ours: unknown,
    theirs: unknown,
  ): void => {
    mismatches++;
    if (examples.length >= 40) return;
    const [a, b] = [ours, theirs].map(v => JSON.stringify(v)?.slice(0, 300));
    examples.push(
      `${group}.${feature} of ${JSON.stringify(keys)} at ${new Date(q).toISOString()}: read ${a}, SQL ${b}`,
    );
  };

  async function checkGroup(group: GroupPlan, q: number): Promise<void> {
    const expected = await expectations.next(group.name, q);
    const entity = definitions.plan.entities.find(e => e.name === group.entity)!;
    const columns = columnsOf(group, expected.columns);
    const events = expected.columns.get('__events')!;
    const chosen: number[] = [];
    for (let row = 0, without = 0; row < expected.rows; row++) {
      const isSampled = expected.rows < manyEntities || row % oneIn === 0;
      if (isSampled && (events[row] !== 0 || without++ < unseen)) chosen.push(row);
    }
    for (let from = 0; from < chosen.length; from += batchSize) {
      const rows = chosen.slice(from, from + batchSize);
      const keys = rows.map(row =>
        Object.fromEntries(entity.keys.map(key => [key.name, expected.columns.get(key.name)![row]])),
      );
      const read = await local.readGroup(group.name, keys, { asOf: asOf(q) });
      for (const [i, row] of rows.entries()) {
        const { status, values } = read.entities[i]!;
        const isKnown = events[row] !== 0; // some feature took an event of it
        if (status !== (isKnown ? 'known' : 'unknown'))
          report(group.name, '(status)', keys[i], q, status, isKnown);
        for (const column of columns) {
          const truth = {
            value: column.values[row],
            abs: column.abs?.[row],
            n: column.n?.[row],
            counts: column.counts?.[row],
          };
          const ours = values[column.feature];
          column.tally.compared++;
          compared++;
          if (!agrees(column.rule, ours, truth)) {
            column.tally.mismatches++;
            report(group.name, column.feature, keys[i], q, ours, truth.value);
          }
          if (column.rule.kind === 'approxDistinct' && (truth.value as number) > sparseLimit) {
            sketchErrors.push(((ours as number) / (truth.value as number) - 1) / standardError);
          }
        }
      }
    }
  }

  /** Every feature of the group has its column in the SQL, and every column of the SQL is a feature. */
  function columnsOf(group: GroupPlan, columns: ReadonlyMap<string, readonly unknown[]>) {
    const names = [...group.features, ...group.derived].map(f => f.name);
    const missing = names.filter(name => !columns.has(name));
    const known = new Set([
      ...names,
      ...definitions.plan.entities.find(e => e.name === group.entity)!.keys.map(k => k.name),
    ]);
    const surplus = [...columns.keys()].filter(name => !name.includes('__') && !known.has(name));
    if (missing.length + surplus.length > 0) {
      throw new Error(
        `${group.name}: the SQL lacks features [${missing.join(', ')}] and has others [${surplus.join(', ')}]`,
      );
    }
    return names.map(feature => {
      const name = `${group.name}.${feature}`;
      const tally = features.get(name) ?? { compared: 0, mismatches: 0 };
      features.set(name, tally);
      const rule: Rule = rules[group.name]?.[feature] ?? { kind: 'exact' };
      return {
        feature,
        rule,
        tally,
        values: columns.get(feature)!,
        abs: columns.get(`${feature}__abs`),
        n: columns.get(`${feature}__n`),
        counts: columns.get(`${feature}__counts`),
      };
    });
  }

  try {
    let done = 0;
    const ingested = await local.ingest(options.log, {
      replay: true,
      map: ['line=$line'],
      pauses: {
        times: queryTimes,
        run: async q => {
          for (const group of groups) await checkGroup(group, q);
          options.onProgress?.({ q, done: ++done, compared, mismatches });
        },
      },
    });
    if (ingested.outcome !== 'complete' || ingested.counts.accepted !== ingested.rows) {
      const { accepted, late, bad, skipped } = ingested.counts;
      throw new Error(
        `${ingested.rows} rows were read, ${accepted} accepted, ${late} late, ${bad} bad, ${skipped} skipped (${ingested.outcome})`,
      );
    }
    return { events: ingested.rows, compared, mismatches, features, examples, sketchErrors };
  } finally {
    await local.close();
    sql.close();
  }
}

/** Asks SQL for the next answer while the last one is compared; the calls must come in the order of `plan`. */
function oneAhead(
  plan: readonly (readonly [group: string, q: number])[],
  ask: (group: string, q: number) => Promise<Expected>,
): { next(group: string, q: number): Promise<Expected> } {
  let at = 0;
  const start = (): Promise<Expected> | null => {
    const call = plan[at++];
    const answer = call === undefined ? null : ask(...call);
    answer?.catch(() => {}); // it is thrown where it is awaited
    return answer;
  };
  let pending = start();
  return {
    async next(group, q) {
      const [planned, plannedQ] = plan[at - 1] ?? [];
      if (pending === null || planned !== group || plannedQ !== q) {
        throw new Error(`SQL was prepared for ${planned} at ${plannedQ}, not for ${group} at ${q}`);
      }
      const answer = await pending;
      pending = start();
      return answer;
    },
  };
}

const batchSize = 500;
const manyEntities = 100;
