import { Stack, type StackProps, Stage, Tags } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { environmentTag } from '../adapters/aws/deployment.ts';
import { fillBackfillStack } from './backfill/backfill-stack.ts';
import type { DeploymentContext } from './context.ts';
import { fillDataStack } from './data/data-stack.ts';
import { fillMonitoringStack } from './monitoring/monitoring-stack.ts';
import { fillProcessingStack } from './processing/processing-stack.ts';
import { fillServingStack } from './serving/serving-stack.ts';

/** An environment: a stage of five stacks, of which Data has all that cannot be made again. */
export function createStage(app: Construct, context: DeploymentContext): Stage {
  const { environment, deletesData } = context;
  const { name, account, region, data, network } = environment;
  const stage = new Stage(app, name, {
    env: { region, ...(account === 'of-caller' ? {} : { account }) },
  });
  const tags = { ...environment.tags, [environmentTag]: name };
  const stack = (id: string, description: string): Stack =>
    new StackOfZones(stage, id, network.kind === 'none' ? [] : network.zones, {
      stackName: `Millrace-${name}-${id}`,
      description: `Millrace ${name}: ${description}`,
      terminationProtection: id === 'Data' && data.protected && !deletesData,
      // Tags.of gives them to resources alone: cdk.json has explicit stack tags.
      tags,
    });

  const stored = fillDataStack(stack('Data', 'streams, feature tables, lake, key, cache'), context);
  const processed = stack('Processing', 'transform and archive');
  const processing = fillProcessingStack(processed, context, stored);
  fillBackfillStack(stack('Backfill', 'history into new group versions'), context, stored);
  const served = stack('Serving', 'HTTP API for events and features');
  // It ends with the active Plan, which moves when all functions have their new code.
  served.addStackDependency(processed);
  const serving = fillServingStack(served, context, stored);
  fillMonitoringStack(stack('Monitoring', 'dashboard and alarms'), context, { stored, processing, serving });

  // Dashboards take tags of late only: cfn-lint does not know them there.
  const options = { excludeResourceTypes: ['AWS::CloudWatch::Dashboard'] };
  for (const [key, value] of Object.entries(tags)) Tags.of(stage).add(key, value, options);
  return stage;
}

/** A stack whose zones are the settings': CDK asks AWS for them otherwise, and synthesis needs no credentials. */
class StackOfZones extends Stack {
  readonly #zones: readonly string[];

  constructor(scope: Construct, id: string, zones: readonly string[], props: StackProps) {
    super(scope, id, props);
    this.#zones = zones;
  }

  override get availabilityZones(): string[] {
    return [...this.#zones];
  }
}
