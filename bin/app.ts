import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { bundleFunctions } from '../functions/bundle.ts';
import { loadDefinitions } from '../lib/cli/load-definitions.ts';
import {
  checkAgainstPlan,
  deletesData,
  MillraceError,
  selectEnvironments,
} from '../lib/infra/environment/index.ts';
import { createStage } from '../lib/infra/stage.ts';

/**
 * The CDK app: `cdk deploy -c env=dev '**'`. Context: `env`, one environment of features/environments.ts instead of all;
 * `features`, another module of definitions; `delete-protected-data`, the second key to delete data of the environment
 * that it names.
 */
const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
const context = (name: string): string | undefined => app.node.tryGetContext(name);

const bundles = mkdtempSync(join(tmpdir(), 'millrace-bundles-'));
process.once('exit', () => rmSync(bundles, { recursive: true, force: true }));

// Whoever deploys has to see what is wrong, and not where in this code.
process.once('uncaughtException', error => {
  console.error(error instanceof MillraceError ? `${error.name}: ${error.message}` : error);
  process.exitCode = 1;
});

const { default: environments } = await import('../features/environments.ts');
const codes = new Map<string, ReturnType<typeof bundleFunctions>>();
for (const environment of selectEnvironments(environments, context('env'))) {
  const features = context('features') ?? environment.features;
  const { plan } = await loadDefinitions(features);
  checkAgainstPlan(environment, plan);
  const code = codes.get(features) ?? bundleFunctions(resolve(features), join(bundles, String(codes.size)));
  codes.set(features, code);
  createStage(app, {
    environment,
    plan,
    code: await code,
    deletesData: deletesData(environment, context('delete-protected-data')),
  });
}
app.synth();
