import type { CompiledDefinitions } from '../../lib/local/index.ts';
import type { LogRecord } from '../../lib/runtime/ports.ts';
import { entitiesIn } from './entities.ts';
import { openTwin } from './twin.ts';
import type { World } from './world.ts';

export interface NewGroup {
  readonly definitions: CompiledDefinitions;
  readonly group: string;
  /** A feature of it that counts all of an entity's events. */
  readonly feature: string;
  /** On the stream's clock, when the deployment with the group began, and when its Plan became active. */
  readonly began: number;
  readonly activated: number;
}

/**
 * A group that was deployed while events flowed counts each that arrived since its Plan is active, and may count such
 * as arrived shortly before and were processed after. Gives its entities, and where a count is out of these bounds.
 */
export async function checkNewGroup(
  world: World,
  { definitions, group, feature, began, activated }: NewGroup,
  shards: ReadonlyMap<string, readonly LogRecord[]>,
): Promise<{ readonly entities: number; readonly counted: number; readonly problems: readonly string[] }> {
  const keys = entitiesIn(definitions.plan, shards).get(group)!;
  const deployed = await world.http.read(group, keys);
  const countsSince = async (time: number): Promise<readonly number[]> => {
    const twin = await openTwin(definitions, definitions.plan.streams[0]!.name);
    try {
      await twin.feed(
        new Map([...shards].map(([shard, list]) => [shard, list.filter(r => r.arrivalTime >= time)])),
      );
      return countsIn(await twin.answer(group, keys, deployed.asOf), feature);
    } finally {
      await twin.close();
    }
  };
  const counts = countsIn(deployed, feature);
  const least = await countsSince(activated);
  const most = await countsSince(began);
  const problems = counts.flatMap((count, i) =>
    count >= least[i]! && count <= most[i]!
      ? []
      : [`${group} ${Object.values(keys[i]!)} ${feature}: ${count}, and not from ${least[i]} to ${most[i]}`],
  );
  const counted = counts.reduce((sum, n) => sum + n, 0);
  if (counted === 0) problems.push(`${group} counted nothing`);
  return { entities: keys.length, counted, problems };
}

const countsIn = (
  {
    features,
    entities,
  }: { readonly features: readonly string[]; readonly entities: readonly { values: readonly unknown[] }[] },
  feature: string,
): readonly number[] => entities.map(({ values }) => Number(values[features.indexOf(feature)]));
