import { Command } from 'commander';
import { connect } from '../../client/connection.ts';
import { createRemoteReader } from '../../client/features.ts';
import { deadlineIn } from '../../client/retry.ts';
import type { Plan } from '../../kernel/plan.ts';
import { formatTimestamp } from '../../kernel/timestamp.ts';
import type { ValueType } from '../../kernel/value-type.ts';
import type { EntityKey, EntityResult, ReadOptions, ReadResult } from '../../runtime/read.ts';
import { bold, dim, formatTable, print, toJson } from '../format.ts';
import { findTarget, parseKey, parseTime, parseValue, type ReadTarget, RequestError } from '../keys.ts';
import { loadDefinitions } from '../load-definitions.ts';
import { loadDeployed } from '../load-deployed.ts';
import { type CommonOptions, collect, type EnvironmentOptions, options } from '../options.ts';
import { serviceAt } from '../service-client.ts';
import { withLocal } from '../with-local.ts';

interface ReadCommandOptions extends CommonOptions, EnvironmentOptions {
  readonly url?: string;
  readonly at?: string;
  readonly context?: readonly string[];
}

export const readCommand = (): Command =>
  new Command('read')
    .description('print the feature values of entities')
    .argument('<name>', 'a feature group or a feature service')
    .argument(
      '<key...>',
      'entities: 17850, user=17850, or user=17850,item=85123A where there are several keys',
    )
    .option('--at <time>', 'answer for this time, past the newest event: ISO, or milliseconds')
    .option(
      '--context <field=value>',
      'what the service computes on-demand features from (repeatable)',
      collect,
    )
    .addOption(options.data())
    .addOption(options.features())
    .addOption(options.url())
    .addOption(options.env())
    .addOption(options.profile())
    .addOption(options.json())
    .addOption(options.verbose())
    .addHelpText(
      'after',
      `
An entity of which no event is known is marked unknown; its counts are 0 and most other features null. A value that
could not be read is marked failed, and is never shown as null. A value that is not the whole truth says why: overflow
(it met more keys than it keeps), estimated, or out-of-range (a total too large for its type, shown as null).

Values answer for now (in a replayed directory: for just after its last event). --at asks for a later time. With --url
they come from a service that runs, with --env from a deployed environment, by the Plan that is active there.

Examples:
  millrace read customer_activity 17850 13047
  millrace read customer_item user=17850,item=85123A --json
  millrace read ranking user=17850,item=85123A --context price=2.10 --context hour=20
  millrace read customer_activity 17850 --url http://127.0.0.1:4600
  millrace read user_engagement u5 --env dev`,
    )
    .action(async (name: string, keys: readonly string[], given: ReadCommandOptions) => {
      const { plan, find } =
        given.env === undefined && given.url === undefined ? await locally(given) : await remotely(given);
      const target = findTarget(plan, name);
      const entities = keys.map(key => parseKey(key, target));
      const context = parseContext(given.context ?? [], plan, target);
      const at = given.at === undefined ? {} : { asOf: parseTime(given.at, '--at') };
      const answer = await find(target, entities, target.kind === 'group' ? at : { ...at, context });
      if (given.json) {
        const described = answer.entities.map((entity, i) => ({ key: entities[i], ...entity }));
        print(toJson({ [target.kind]: name, asOf: formatTimestamp(answer.asOf), entities: described }));
      } else {
        print(formatAnswer(featureTypes(plan, target), name, keys, answer));
      }
    });

/** Whose features are read, and how. */
interface ReadPlace {
  readonly plan: Plan;
  find(target: ReadTarget, entities: readonly EntityKey[], options: ReadOptions): Promise<ReadResult>;
}

async function locally(given: CommonOptions): Promise<ReadPlace> {
  const definitions = await loadDefinitions(given.features);
  const { plan } = definitions;
  return {
    plan,
    find: (target, entities, options) =>
      withLocal(given.data, definitions, async local => {
        for (const group of groupsOf(plan, target)) {
          if (await local.keeps(group)) continue;
          throw new RequestError(
            `${given.data} has no rows of group ${group} yet: ingest events with these definitions first`,
          );
        }
        return target.kind === 'group'
          ? local.readGroup(target.name, entities, options)
          : local.readService(target.name, entities, options);
      }),
  };
}

/** Over HTTP: from a deployed environment, by its active Plan, or from the service at a URL. */
async function remotely({ env, ...given }: ReadCommandOptions): Promise<ReadPlace> {
  const { plan, service } = env === undefined ? await running(given) : await deployed(env, given);
  const read = createRemoteReader(plan, connect(service));
  return {
    plan,
    find: ({ kind, name }, entities, options) =>
      read({ kind, name, entities, ...options }, deadlineIn(longestRead)),
  };
}

async function running({ url, features }: Omit<ReadCommandOptions, 'env'>) {
  return { ...(await loadDefinitions(features)), service: serviceAt(url) };
}

async function deployed(environment: string, where: EnvironmentOptions) {
  const { openEnvironment } = await loadDeployed();
  const { activePlan, service } = await openEnvironment(environment, where);
  return { ...(await activePlan()), service };
}

/** For an answer over HTTP, tries included (ms). */
const longestRead = 20_000;

export interface TypedFeature {
  readonly name: string;
  readonly type: ValueType;
}

/** Features as rows, entities as columns. */
export function formatAnswer(
  features: readonly TypedFeature[],
  title: string,
  keys: readonly string[],
  answer: ReadResult,
): string {
  const head = [bold(title), ...keys.map((key, i) => bold(headOf(key, answer.entities[i]!.status)))];
  const width = Math.max(24, Math.floor((columnsOf() - 32) / keys.length) - 2);
  const cell = (entity: EntityResult, { name, type }: TypedFeature): string => {
    if (entity.status === 'failed') return dim('failed');
    const flag = entity.flags?.[name];
    const text =
      cut(formatValue(entity.values[name], type), width) + (flag === undefined ? '' : ` (${flag})`);
    return entity.values[name] === null ? dim(text) : text;
  };
  const rows = features.map(feature => [
    feature.name,
    ...answer.entities.map(entity => cell(entity, feature)),
  ]);
  return `${formatTable(head, rows)}\n${dim(`as of ${formatTimestamp(answer.asOf)}`)}`;
}

const headOf = (key: string, status: string): string => (status === 'known' ? key : `${key} (${status})`);
const columnsOf = (): number => process.stdout.columns ?? 120;
const cut = (text: string, width: number): string =>
  text.length > width ? `${text.slice(0, width - 1)}…` : text;

function groupsOf(plan: Plan, target: ReadTarget): readonly string[] {
  if (target.kind === 'group') return [target.name];
  const service = plan.services.find(candidate => candidate.name === target.name)!;
  return [...new Set(service.features.map(feature => feature.group))];
}

/** In the order of the group or of the service's vector. */
export function featureTypes(plan: Plan, target: ReadTarget): readonly TypedFeature[] {
  const ofGroup = (name: string) => {
    const group = plan.groups.find(candidate => candidate.name === name)!;
    return [...group.features, ...group.derived];
  };
  if (target.kind === 'group') return ofGroup(target.name);
  const service = plan.services.find(candidate => candidate.name === target.name)!;
  const read = service.features.map(({ name, group, feature }) => ({
    name,
    type: ofGroup(group).find(candidate => candidate.name === feature)!.type,
  }));
  return [...read, ...service.onDemand];
}

/** As short as it can be without being another value; times as times. */
export function formatValue(value: unknown, type: ValueType): string {
  if (value === null || value === undefined) return 'null';
  if (type.kind === 'timestamp' && typeof value === 'number') return formatTimestamp(value);
  if (typeof value === 'number')
    return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(10)));
  if (type.kind === 'list' && Array.isArray(value))
    return `[${value.map(v => formatValue(v, type.of)).join(', ')}]`;
  if (typeof value !== 'object') return String(value);
  const typeOf = (name: string): ValueType =>
    type.kind === 'map'
      ? type.value
      : (type.kind === 'struct' && type.fields.find(f => f.name === name)?.type) || type;
  const members = Object.entries(value).map(
    ([name, member]) => `${name}: ${formatValue(member, typeOf(name))}`,
  );
  return `{${members.join(', ')}}`;
}

function parseContext(texts: readonly string[], plan: Plan, target: ReadTarget): Record<string, unknown> {
  const fields =
    plan.services.find(service => target.kind === 'service' && service.name === target.name)?.context ?? [];
  const context: Record<string, unknown> = {};
  for (const text of texts) {
    const at = text.indexOf('=');
    const field = fields.find(candidate => candidate.name === text.slice(0, at));
    if (field === undefined) {
      const known = fields.length === 0 ? 'takes no context' : `takes ${fields.map(f => f.name).join(', ')}`;
      throw new RequestError(`--context ${text}: ${target.kind} ${target.name} ${known}`);
    }
    context[field.name] = parseValue(text.slice(at + 1), field);
  }
  return context;
}
