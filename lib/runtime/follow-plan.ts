import type { Plan } from '../kernel/plan.ts';
import { currentSemantics } from '../kernel/semantics.ts';
import { StoreError } from './errors.ts';
import type { Activation, ActivePlan, Clock } from './ports.ts';

export interface PlanFollowerOptions<T> {
  readonly activePlan: Pick<ActivePlan, 'read' | 'readPlan'>;
  /** The Plan that this code's own definitions make. */
  readonly own: Plan;
  /**
   * What computes by a Plan. `nameOf` gives the state store's names of the Plan's tables, once it is asked for them by an
   * invocation.
   */
  readonly make: (plan: Plan, nameOf: (table: string) => string) => T;
  /** How old (ms) what is known of the pointer may be: 0, if not given, for those who write. */
  readonly maxAgeMs?: number;
  readonly clock: Clock;
}

/**
 * Gives each invocation what computes by the Plan that is active now (DESIGN, "Plans in flight"): of the code's own Plan,
 * made at once, or of the one that was deployed before or after it, which is read from where it was deployed. Rejects with
 * a StoreError where no Plan is active, or one that this code cannot compute: that passes when the deployment is complete.
 */
export function followPlan<T>(options: PlanFollowerOptions<T>): () => Promise<T> {
  const { activePlan, own, make, maxAgeMs = 0, clock } = options;
  const ownEngine = prepare(own);
  let other: Engine<T> | null = null;
  let known: { readonly number: number; readonly engine: Engine<T> } | null = null;
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<T> | null = null;

  function prepare(plan: Plan): Engine<T> {
    const engine: { -readonly [K in keyof Engine<T>]: Engine<T>[K] } = {
      hash: plan.hash,
      tables: {},
      made: make(plan, table => {
        const name = engine.tables[table];
        if (name !== undefined) return name;
        throw new StoreError('unavailable', `Plan ${plan.hash} was deployed without a table for ${table}`);
      }),
    };
    return engine;
  }

  async function follow(): Promise<T> {
    const askedAt = clock.now();
    const active = await activePlan.read();
    if (active === null)
      throw new StoreError('unavailable', 'no Plan is active yet: the deployment activates one at its end');
    if (known?.number !== active.number) known = { number: active.number, engine: await engineOf(active) };
    readAt = askedAt;
    return known.engine.made;
  }

  async function engineOf({ plan: hash }: Activation): Promise<Engine<T>> {
    const deployed = await activePlan.readPlan(hash);
    if (deployed === null) throw new StoreError('corrupt', `the active Plan ${hash} was not deployed`);
    if (hash !== own.hash && other?.hash !== hash) other = prepareOther(deployed.plan);
    const engine = hash === own.hash ? ownEngine : other!;
    engine.tables = deployed.tables;
    return engine;
  }

  function prepareOther(plan: Plan): Engine<T> {
    const lacking = lacks(plan, own);
    try {
      if (lacking === null) return prepare(plan);
    } catch (cause) {
      throw unknown(plan, (cause as Error).message, cause);
    }
    throw unknown(plan, lacking);
  }

  return () => {
    if (maxAgeMs === 0) return follow();
    const age = clock.now() - readAt;
    if (known !== null && age >= 0 && age <= maxAgeMs) return Promise.resolve(known.engine.made);
    // Who asks at the same time has the same answer.
    reading ??= follow().finally(() => {
      reading = null;
    });
    return reading;
  };
}

interface Engine<T> {
  readonly hash: string;
  readonly made: T;
  tables: Readonly<Record<string, string>>;
}

const unknown = (plan: Plan, why: string, cause?: unknown): StoreError =>
  new StoreError(
    'unavailable',
    `the active Plan ${plan.hash} is not one that this code can compute: ${why}. It passes when all functions have their new code, or their old one`,
    { cause },
  );

/** What code that was made for one Plan lacks to compute another; null where nothing. */
function lacks(plan: Plan, own: Plan): string | null {
  if (plan.format !== own.format) return `it has format ${plan.format}`;
  const semantics = plan.semantics.filter(n => !currentSemantics.includes(n));
  if (semantics.length > 0) return `it follows semantics ${semantics.join(', ')}`;
  const versions = new Map([...callsIn(own)].map(({ name, version }) => [name, version]));
  for (const { name, version } of callsIn(plan))
    if (versions.get(name) !== version) return `it calls function ${name} in version ${version}`;
  return null;
}

/** The calls of TypeScript functions in a Plan, also below nodes that only other code knows. */
export function* callsIn(data: unknown): Generator<{ readonly name: string; readonly version: number }> {
  if (typeof data !== 'object' || data === null) return;
  const { kind, name, version } = data as Record<string, unknown>;
  if (kind === 'call' && typeof name === 'string' && typeof version === 'number') yield { name, version };
  for (const value of Object.values(data)) yield* callsIn(value);
}
