import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, type Stack, type Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import environments from '../../features/environments.ts';
import feed from '../../features/feed/index.ts';
import type { FunctionCode } from '../../lib/infra/context.ts';
import {
  deletesData,
  type Environment,
  type EnvironmentSettings,
  environment,
} from '../../lib/infra/environment/index.ts';
import { createStage } from '../../lib/infra/stage.ts';

export const stackNames = ['Data', 'Processing', 'Backfill', 'Serving', 'Monitoring'] as const;
export type StackName = (typeof stackNames)[number];

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly DependsOn?: readonly string[];
  readonly Metadata?: {
    readonly checkov?: { readonly skip: readonly { readonly id: string; readonly comment: string }[] };
  };
}

export interface Synthesised {
  readonly app: App;
  readonly stage: Stage;
  template(stack: StackName): Template;
  stackName(stack: StackName): string;
  /** Resources of a type, with their logical ids; of all stacks where none is given. */
  resources(type: string, stack?: StackName): readonly (Resource & { readonly id: string })[];
  /** The only resource of a type in a stack whose logical id begins so. */
  one(type: string, stack: StackName, id?: string): Resource & { readonly id: string };
}

/** The settings of one of features/environments.ts. */
export function settingsOf(name: string): EnvironmentSettings {
  const found = environments.find(one => one.name === name);
  if (found === undefined) throw new Error(`no environment ${name}`);
  return found;
}

/** Templates of an environment for the feed, without bundling: functions have an empty file for code. */
export function synthesise(settings: EnvironmentSettings, key?: string): Synthesised {
  const checked: Environment = environment(settings);
  const app = new App({ context: flags, outdir: mkdtempSync(join(folder, 'out-')) });
  const stage = createStage(app, {
    environment: checked,
    plan: feed.plan,
    code,
    deletesData: deletesData(checked, key),
  });
  const templates = new Map(
    stackNames.map(name => [name, Template.fromStack(stage.node.findChild(name) as Stack)]),
  );
  const template = (stack: StackName): Template => templates.get(stack)!;
  const resources = (type: string, stack?: StackName) =>
    (stack === undefined ? stackNames : [stack]).flatMap(name =>
      Object.entries(template(name).findResources(type)).map(([id, one]) => ({ id, ...(one as Resource) })),
    );
  return {
    app,
    stage,
    template,
    stackName: stack => (stage.node.findChild(stack) as Stack).stackName,
    resources,
    one(type, stack, id = '') {
      const found = resources(type, stack).filter(one => one.id.startsWith(id));
      if (found.length !== 1) throw new Error(`${found.length} of ${type} ${id}* in ${stack}`);
      return found[0]!;
    },
  };
}

/** Those of the app, without CDK's check of templates: `npm run check:infra` has it, and it takes longer than all else. */
const flags = {
  ...JSON.parse(readFileSync('cdk.json', 'utf8')).context,
  '@aws-cdk/core:validateAgainstDefaultRules': false,
};

/** Of this file's process, and gone with it. */
const folder = mkdtempSync(join(tmpdir(), 'millrace-infra-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

const functionNames = ['ingest', 'transform', 'serve', 'archive', 'activate'] as const;
const code = Object.fromEntries(functionNames.map(name => [name, emptyFunction(name)])) as FunctionCode;

function emptyFunction(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  writeFileSync(join(path, 'index.mjs'), `// ${name}`);
  return path;
}
