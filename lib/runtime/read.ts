import {
  compileExpression,
  compileGroup,
  contextName,
  type Flag,
  type FunctionRegistry,
  fromExternal,
  type GroupKernel,
  keyOf,
  type Plan,
  type ServicePlan,
  toExternal,
  type Value,
  type ValueType,
} from '../kernel/index.ts';
import { MillraceError } from './errors.ts';
import { type LoadedRow, loadRows } from './load-rows.ts';
import type { Clock, StateStore } from './ports.ts';

export interface ReaderOptions {
  readonly plan: Plan;
  readonly functions?: FunctionRegistry;
  readonly store: StateStore;
  readonly clock: Clock;
}

/** The parts of an entity's key, by name: `{ user: '17850' }`. External values. */
export type EntityKey = Readonly<Record<string, unknown>>;

export interface ReadOptions {
  /**
   * Epoch ms to answer for, instead of the clock's time; past the newest event of every row read, for what lies
   * before is answered from the archive.
   */
  readonly asOf?: number;
  /** What on-demand features need of the request. */
  readonly context?: Readonly<Record<string, unknown>>;
}

export interface ReadResult {
  /** The query time that all values are for: the later of the clock and the newest event read + 1 ms. */
  readonly asOf: number;
  /** In the order of the keys asked for. */
  readonly entities: readonly EntityResult[];
}

export interface EntityResult {
  /**
   * known: some event counted in it. unknown: none did, and the values are those of no events. failed: a row could not be
   * read, which says nothing about the entity; its values, and what is computed on demand, are null.
   */
  readonly status: 'known' | 'unknown' | 'failed';
  /** By feature name, in external form. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Features whose value is not the whole truth, and why. */
  readonly flags?: Readonly<Record<string, Flag>>;
  /** Events that count and that the values do not have, because to process them ended the process; none if not given. */
  readonly lacks?: number;
  /** What went wrong, where the status is failed. */
  readonly error?: string;
}

export interface Reader {
  /** All features of a group, of many entities. Throws ReadRequestError for keys or times that make no sense. */
  readGroup(group: string, keys: readonly EntityKey[], options?: ReadOptions): Promise<ReadResult>;
  /** A service's vector, of many entities (each key has the parts that the service's groups need). */
  readService(service: string, keys: readonly EntityKey[], options?: ReadOptions): Promise<ReadResult>;
}

/** The request cannot be answered as it stands; the message says what to change. */
export class ReadRequestError extends MillraceError {
  override readonly name = 'ReadRequestError';
}

/**
 * Feature values from the stored rows. One round of reads per group, and a second one for rows that have runs. Never
 * takes a row that could not be read for one that is not there.
 */
export function createReader({ plan, functions = new Map(), store, clock }: ReaderOptions): Reader {
  const groups = new Map(plan.groups.map(g => [g.name, compileView(plan, g.name, functions)]));
  const services = new Map(plan.services.map(s => [s.name, compileService(plan, s, functions)]));

  return {
    async readGroup(name, keys, options = {}) {
      const view = groups.get(name);
      if (view === undefined) throw unknownName('feature group', name, groups.keys());
      const loaded = await loadRows(store, view.kernel, keys.map(view.keyOf));
      const asOf = queryTime(clock, options, [loaded]);
      return { asOf, entities: loaded.map(one => finish(view, one, asOf)) };
    },

    async readService(name, keys, options = {}) {
      const service = services.get(name);
      if (service === undefined) throw unknownName('feature service', name, services.keys());
      const views = service.groups.map(g => groups.get(g) as GroupView);
      const context = service.contextOf(options.context ?? {});
      const texts = views.map(view => keys.map(view.keyOf));
      const loaded = await Promise.all(
        views.map((view, g) => loadRows(store, view.kernel, texts[g] as string[])),
      );
      const asOf = queryTime(clock, options, loaded);
      const entities = keys.map((_, i) => {
        const parts = views.map((view, g) => finish(view, loaded[g]?.[i] as LoadedRow, asOf));
        return service.assemble(parts, context);
      });
      return { asOf, entities };
    },
  };
}

/** A group as readers see it: its kernel, and its features with the derived ones computed. */
interface GroupView {
  readonly kernel: GroupKernel;
  keyOf(key: EntityKey): string;
  /** Names and types of the features, aggregated ones first, then derived. */
  readonly outputs: readonly Output[];
  derive(values: readonly Value[]): Value[];
}

interface Output {
  readonly name: string;
  readonly type: ValueType;
}

function compileView(plan: Plan, name: string, functions: FunctionRegistry): GroupView {
  const group = plan.groups.find(g => g.name === name) as Plan['groups'][number];
  const entity = plan.entities.find(e => e.name === group.entity) as Plan['entities'][number];
  const types = new Map([...group.features, ...group.derived].map(f => [f.name, f.type]));
  const derived = group.derived.map(d => ({
    name: d.name,
    compute: compileExpression(d.expression, { functions, types }),
  }));
  return {
    kernel: compileGroup(plan, group, functions),
    keyOf(key) {
      const parts = entity.keys.map(({ name: part, type }) => {
        const value = fromExternal(Object.hasOwn(key, part) ? key[part] : null, type);
        if (value === undefined || value === null || value === '') {
          const wanted = entity.keys.map(k => `${k.name} (${k.type.kind})`).join(', ');
          throw new ReadRequestError(
            `a key of entity ${entity.name} needs ${wanted}; ${part} is ${value === null ? 'missing' : value === '' ? 'empty' : `no ${type.kind}`}`,
          );
        }
        return value;
      });
      const text = keyOf(parts);
      if (text === null)
        throw new ReadRequestError(`a key of entity ${entity.name} is longer than 1024 bytes`);
      return text;
    },
    outputs: [...group.features, ...group.derived].map(({ name: feature, type }) => ({
      name: feature,
      type,
    })),
    derive(values) {
      if (derived.length === 0) return [];
      const row = Object.fromEntries(group.features.map((f, i) => [f.name, values[i] as Value]));
      return derived.map(({ name: feature, compute }) => {
        const value = compute(row);
        row[feature] = value;
        return value;
      });
    },
  };
}

function queryTime(clock: Clock, { asOf }: ReadOptions, loaded: readonly (readonly LoadedRow[])[]): number {
  let newest = Number.NEGATIVE_INFINITY;
  for (const list of loaded)
    for (const { state } of list) if (state !== null && state.newest > newest) newest = state.newest;
  if (asOf === undefined) return Math.max(clock.now(), newest + 1);
  if (!Number.isSafeInteger(asOf))
    throw new ReadRequestError(`asOf must be whole milliseconds since 1970, got ${asOf}`);
  if (asOf <= newest) {
    throw new ReadRequestError(
      `asOf ${new Date(asOf).toISOString()} is not past the newest event read, ${new Date(newest).toISOString()}: ` +
        'rows answer for now; past times are answered from the archive',
    );
  }
  return asOf;
}

function finish(view: GroupView, { status, state, lacks, error }: LoadedRow, asOf: number): EntityResult {
  const { kernel, outputs } = view;
  if (status === 'failed') {
    const values = Object.fromEntries(outputs.map(o => [o.name, null]));
    return error === undefined ? { status, values } : { status, values, error };
  }
  const finished = kernel.finalize(state, asOf);
  const all = finished.values.concat(view.derive(finished.values));
  const values: Record<string, unknown> = {};
  let flags: Record<string, Flag> | undefined;
  for (let i = 0; i < outputs.length; i++) {
    const { name, type } = outputs[i] as Output;
    values[name] = toExternal(all[i] as Value, type);
    const flag = finished.flags[i];
    if (flag !== undefined) {
      flags ??= {};
      flags[name] = flag;
    }
  }
  return {
    status,
    values,
    ...(flags === undefined ? {} : { flags }),
    ...(lacks === undefined ? {} : { lacks }),
  };
}

/** A service, compiled: which groups it reads, and how their results become its vector. */
interface ServiceView {
  readonly groups: readonly string[];
  contextOf(context: Readonly<Record<string, unknown>>): Readonly<Record<string, Value>>;
  assemble(parts: readonly EntityResult[], context: Readonly<Record<string, Value>>): EntityResult;
}

function compileService(plan: Plan, service: ServicePlan, functions: FunctionRegistry): ServiceView {
  const groups = [...new Set(service.features.map(f => f.group))];
  const picks = service.features.map(f => ({
    ...f,
    part: groups.indexOf(f.group),
    type: typeOf(plan, f.group, f.feature),
  }));
  const types = new Map<string, ValueType>([
    ...picks.map(p => [p.name, p.type] as const),
    ...service.context.map(f => [contextName(f.name), f.type] as const),
    ...service.onDemand.map(d => [d.name, d.type] as const),
  ]);
  const onDemand = service.onDemand.map(d => ({
    ...d,
    compute: compileExpression(d.expression, { functions, types }),
  }));

  return {
    groups,
    contextOf(context) {
      for (const name of Object.keys(context)) {
        if (!service.context.some(f => f.name === name)) {
          const known = service.context.map(f => f.name).join(', ') || 'none';
          throw new ReadRequestError(
            `service ${service.name} takes no context field ${name}; it takes ${known}`,
          );
        }
      }
      return Object.fromEntries(
        service.context.map(({ name, type, optional, nullable }) => {
          const given = Object.hasOwn(context, name) ? context[name] : undefined;
          const value = fromExternal(given ?? null, type);
          if (value === undefined || (value === null && optional !== true && nullable !== true)) {
            throw new ReadRequestError(
              `service ${service.name} needs context field ${name} (${type.kind}), got ${given === undefined ? 'none' : shown(given)}`,
            );
          }
          return [contextName(name), value];
        }),
      );
    },
    assemble(parts, context) {
      const values: Record<string, unknown> = {};
      const row: Record<string, Value> = { ...context };
      let flags: Record<string, Flag> | undefined;
      for (const { name, feature, part, type } of picks) {
        const result = parts[part] as EntityResult;
        const value = result.values[feature];
        values[name] = value;
        if (onDemand.length > 0) row[name] = type.kind === 'map' ? null : (fromExternal(value, type) ?? null);
        const flag = result.flags?.[feature];
        if (flag !== undefined) {
          flags ??= {};
          flags[name] = flag;
        }
      }
      const statuses = parts.map(p => p.status);
      const status = statuses.includes('failed')
        ? 'failed'
        : statuses.includes('known')
          ? 'known'
          : 'unknown';
      for (const { name, type, compute } of onDemand) {
        // Of features that could not be read nothing is computed: a default would pass for a value.
        const value = status === 'failed' ? null : compute(row);
        row[name] = value;
        values[name] = toExternal(value, type);
      }
      const error = parts.find(p => p.error !== undefined)?.error;
      const lacks = parts.reduce((sum, part) => sum + (part.lacks ?? 0), 0);
      return {
        status,
        values,
        ...(flags === undefined ? {} : { flags }),
        ...(lacks === 0 ? {} : { lacks }),
        ...(error === undefined ? {} : { error }),
      };
    },
  };
}

function typeOf(plan: Plan, group: string, feature: string): ValueType {
  const owner = plan.groups.find(g => g.name === group);
  const found = [...(owner?.features ?? []), ...(owner?.derived ?? [])].find(f => f.name === feature);
  if (found === undefined)
    throw new MillraceError(`the Plan names a feature ${group}.${feature} that is not there`);
  return found.type;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

const unknownName = (what: string, name: string, known: Iterable<string>): ReadRequestError =>
  new ReadRequestError(`there is no ${what} ${name}; there is ${[...known].join(', ') || 'none'}`);
