import type { Definitions, EntityKeys, EventOf, FeatureValues, ServiceContext } from '../define/index.ts';
import type { Flag } from '../kernel/index.ts';
import type { EventOutcome } from './outcome.ts';

/* What a client takes and gives, inferred from definitions. */

export type AnyDefinitions = Pick<Definitions, 'plan' | 'streams' | 'groups' | 'services'>;
type Name<T> = keyof T & string;

export interface ReadOptions {
  /** Epoch ms to answer for, instead of now; past the newest event of all rows that are read. */
  readonly asOf?: number;
  /**
   * How long to wait for an answer, in ms; the client's `readDeadlineMs` unless it is given. The service is told: it
   * answers with what it has by then, and entities whose rows are missing have failed.
   */
  readonly deadlineMs?: number;
}

/** What reading a service takes: its context too, which may be left out where nothing in it is required. */
export type ServiceOptions<S> = keyof ServiceContext<S> extends never
  ? readonly [options?: ReadOptions]
  : Record<never, never> extends ServiceContext<S>
    ? readonly [options?: ReadOptions & { readonly context?: ServiceContext<S> }]
    : readonly [options: ReadOptions & { readonly context: ServiceContext<S> }];

/** What is known of an entity. Where a row could not be read, values may be missing: they are null, and no default is. */
export type EntityAnswer<V> =
  | (Flags<V> & { readonly status: 'known' | 'unknown'; readonly values: V })
  | (Flags<V> & {
      readonly status: 'failed';
      readonly values: { readonly [N in keyof V]: V[N] | null };
      /** What went wrong. */
      readonly error?: string;
    });
interface Flags<V> {
  /** Features whose value is not the whole truth, and why. */
  readonly flags?: { readonly [N in keyof V]?: Flag };
  /** Events that count and that the values do not have yet; none if not given. */
  readonly lacks?: number;
}

interface AsOf {
  /** The time that all values are for, in epoch ms. */
  readonly asOf: number;
}

/** Of many entities, in the order of the keys. */
export interface Answer<V> extends AsOf {
  readonly entities: readonly EntityAnswer<V>[];
}

/** Of one entity. */
export type OneAnswer<V> = AsOf & EntityAnswer<V>;

type OneOrMany<K> = K | readonly K[];
type AnswerTo<K, V> = K extends readonly unknown[] ? Answer<V> : OneAnswer<V>;

/** A client of a service with definitions `D`. */
export interface Client<D extends AnyDefinitions> {
  /**
   * Sends an event of a stream, or several; resolves, to their outcomes in their order, when each is durable, or
   * refused as no event at all. Calls at about the same time share a request. What may pass (no connection, a service
   * that is behind or stops) is tried again until the deadline; an event without id gets its own before the first try,
   * where its stream has `dedupe`.
   *
   * Rejects with UnacknowledgedEventsError, which has the outcomes of all events, where one was not acknowledged;
   * with BufferFullError, ClientClosedError.
   */
  send<N extends Name<D['streams']>>(
    stream: N,
    events: OneOrMany<EventOf<D['streams'][N]>>,
  ): Promise<readonly EventOutcome<EventOf<D['streams'][N]>>[]>;

  /**
   * Reads a service's vector, of one entity or of many; each key has the parts that the service's groups need.
   *
   * Rejects with RequestRefusedError, DeadlineError, ServiceUnreachableError, AnswerMismatchError, ClientClosedError.
   */
  read<N extends Name<D['services']>, const K extends OneOrMany<EntityKeys<D['services'][N]>>>(
    service: N,
    keys: K,
    ...options: ServiceOptions<D['services'][N]>
  ): Promise<AnswerTo<K, FeatureValues<D['services'][N]>>>;

  /**
   * Reads a service's vector of entities that have parts of their keys in common: of one user and many items. Rejects
   * as `read` does.
   */
  rank<N extends Name<D['services']>, const K extends Partial<EntityKeys<D['services'][N]>>>(
    service: N,
    shared: K,
    entities: readonly Omit<EntityKeys<D['services'][N]>, keyof K>[],
    ...options: ServiceOptions<D['services'][N]>
  ): Promise<Answer<FeatureValues<D['services'][N]>>>;

  /** Reads all features of a group, of one entity or of many. Rejects as `read` does. */
  readGroup<N extends Name<D['groups']>, const K extends OneOrMany<EntityKeys<D['groups'][N]>>>(
    group: N,
    keys: K,
    options?: ReadOptions,
  ): Promise<AnswerTo<K, FeatureValues<D['groups'][N]>>>;

  /** Sends what waits for company, and resolves when all events given so far have an outcome. */
  flush(): Promise<void>;
  /** Takes no more, and flushes. May be called again. */
  close(): Promise<void>;
}
