import type { CompiledDefinitions } from '../../lib/local/index.ts';
import changed, { categoryActivity } from './changed-features.ts';
import { checkValues, type ValueReport } from './check-values.ts';
import { lookAround } from './deployment.ts';
import { checkNewGroup } from './new-group.ts';
import type { Connection } from './signed-requests.ts';
import type { Steps } from './steps.ts';
import { startTraffic } from './traffic.ts';
import type { Twin } from './twin.ts';
import { openWorld, untilProcessed, type World } from './world.ts';

export interface ChangeOptions {
  readonly connection: Connection;
  readonly world: World;
  readonly twin: Twin;
  readonly definitions: CompiledDefinitions;
  readonly steps: Steps;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Deploys the changed definitions, or those of before. */
  readonly deploy: (which: 'changed' | 'original') => Promise<void>;
  readonly tellOf: (report: ValueReport) => string;
}

/**
 * Deploys definitions with a group more while events flow and features are read, holds all values to the local service,
 * and deploys the old ones again, in the same way. Gives what is wrong, in words.
 */
export async function changeDefinitions(options: ChangeOptions): Promise<readonly string[]> {
  const { connection, world, steps, definitions, signal } = options;
  const problems: string[] = [];
  const began = Date.now();
  for (const which of ['changed', 'original'] as const) {
    const deploying = which === 'changed' ? 'deploy a changed definition' : 'roll it back';
    await steps.run(`${deploying} while events flow and features are read`, async tell => {
      const traffic = startTraffic(world, { seed: options.seed });
      await options.deploy(which).catch(async (error: unknown) => {
        await traffic.stop();
        throw error;
      });
      const { events, reads, errors } = await traffic.stop();
      problems.push(...errors);
      tell(`${events} events, ${reads} reads, ${errors.length} errors`);
    });
    const deployment = await lookAround(connection, world.send);
    const wanted = which === 'changed' ? changed.plan.hash : definitions.plan.hash;
    if (deployment.activation.plan !== wanted)
      problems.push(`the Plan of the ${which} definitions is not active`);
    const now = openWorld(connection, deployment);
    try {
      await steps.run('compare all values again', async tell => {
        const shards = await untilProcessed(now, { limitMs: 120_000, signal });
        const report = await checkValues(now, options.twin, definitions, shards);
        problems.push(...report.differences.map(d => `after the deployment of ${which}: ${d.where}`));
        tell(options.tellOf(report));
        if (which === 'original') return;
        const activated = deployment.activation.activatedAt;
        const group = {
          definitions: changed,
          group: categoryActivity.name,
          feature: 'events_90d',
          began,
          activated,
        };
        const found = await checkNewGroup(now, group, shards);
        problems.push(...found.problems);
        tell(
          `${options.tellOf(report)}; the new group has ${found.counted} events of ${found.entities - 1} entities`,
        );
      });
    } finally {
      now.close();
    }
  }
  const gone = await world.http.read(categoryActivity.name, [{ category: 'music' }]).then(
    () => 'answered',
    error => String(error),
  );
  if (!gone.includes('404')) problems.push(`the new group is ${gone} after it was rolled back`);
  return problems;
}
