import type { CompiledDefinitions } from '../../lib/local/index.ts';
import type { LogRecord, QuarantinedEvent } from '../../lib/runtime/ports.ts';
import { tableOf } from '../../lib/runtime/rows.ts';
import { addComparisons, type Comparison, compareAnswers, type Difference, noComparison } from './compare.ts';
import { entitiesIn } from './entities.ts';
import type { Twin } from './twin.ts';
import type { World } from './world.ts';

export interface ValueReport extends Comparison {
  readonly entities: number;
  readonly rows: number;
  /** By reason. */
  readonly setAside: Readonly<Record<string, number>>;
}

/**
 * Reads every feature of every entity over HTTP and holds it to the local service at the same time; so are the rows
 * that there are, and the events that were set aside, with their reasons.
 */
export async function checkValues(
  world: World,
  twin: Twin,
  { plan }: CompiledDefinitions,
  shards: ReadonlyMap<string, readonly LogRecord[]>,
): Promise<ValueReport> {
  await twin.feed(shards);
  let comparison = noComparison;
  let entities = 0;
  let rows = 0;
  for (const [group, keys] of entitiesIn(plan, shards)) {
    entities += keys.length;
    for (let from = 0; from < keys.length; from += atOnce) {
      const some = keys.slice(from, from + atOnce);
      const deployed = await world.http.read(group, some);
      const local = await twin.answer(group, some, deployed.asOf);
      comparison = addComparisons(comparison, compareAnswers(some, deployed, local));
    }
    const table = tableOf(plan.groups.find(({ name }) => name === group)!);
    const [found, wanted] = [new Set<string>(), await twin.rowKeys(table)];
    for await (const key of world.store.scan(table)) found.add(key);
    rows += found.size;
    comparison = addComparisons(comparison, compareSets(`rows of ${table}`, found, wanted));
  }
  const [found, wanted] = await Promise.all([
    world.quarantine.list({ limit: Number.MAX_SAFE_INTEGER }),
    twin.setAside(),
  ]);
  const textOf = ({ reason, position, arrivalTime, payload }: QuarantinedEvent): string =>
    `${reason} ${position.shard}/${position.sequence}/${position.index} ${arrivalTime} ${Buffer.from(payload).toString('hex')}`;
  const setAside = compareSets('set aside', new Set(found.map(textOf)), new Set(wanted.map(textOf)));
  comparison = addComparisons(comparison, setAside);
  const reasons = Map.groupBy(found, ({ reason }) => reason);
  return {
    ...comparison,
    entities,
    rows,
    setAside: Object.fromEntries([...reasons].map(([reason, list]) => [reason, list.length])),
  };
}

const atOnce = 500;

function compareSets(where: string, deployed: ReadonlySet<string>, local: ReadonlySet<string>): Comparison {
  const shown = (text: string) => text.slice(0, 200);
  const differences: Difference[] = [
    ...without(deployed, local).map(text => ({ where, deployed: shown(text), local: null })),
    ...without(local, deployed).map(text => ({ where, deployed: null, local: shown(text) })),
  ];
  return { compared: 0, rounded: 0, differences };
}

const without = (some: ReadonlySet<string>, others: ReadonlySet<string>): readonly string[] =>
  [...some].filter(text => !others.has(text));
