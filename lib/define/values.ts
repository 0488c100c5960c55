import type { Entity, KeyFields, KeyValues } from './entity.ts';
import type { FeatureTypes } from './feature-group.ts';
import type { ContextOf } from './feature-service.ts';
import type { FieldValue, GivenFields } from './field.ts';
import type { FeaturesOf, KeysOf } from './pick.ts';
import type { IdOf, Schema, Stream } from './stream.ts';

/*
 * What clients see, inferred from definitions: `FeatureValues<typeof userEngagement>`.
 */

type Shown<T> = { [N in keyof T]: T[N] };

/** The values of a group, of a pick or of a service, in external form, by feature name. */
export type FeatureValues<P> =
  FeaturesOf<P> extends infer T extends FeatureTypes ? { [N in keyof T]: T[N]['value'] } : never;

/** The values of a service's vector, on-demand features included. */
export type ServiceValues<S> = FeatureValues<S>;

/** The keys to read an entity, a group or a service by. */
export type EntityKeys<D> =
  D extends Entity<string, infer K>
    ? KeyValues<K>
    : KeysOf<D> extends infer K extends KeyFields
      ? Shown<KeyValues<K>>
      : never;

/** What a request to a service brings along. Fields that are optional or nullable may be null or left out. */
export type ServiceContext<S> =
  ContextOf<S> extends infer C
    ? Shown<
        { [N in keyof C as null extends FieldValue<C[N]> ? never : N]: FieldValue<C[N]> } & {
          [N in keyof C as null extends FieldValue<C[N]> ? N : never]?: FieldValue<C[N]>;
        }
      >
    : never;

/**
 * An event as a producer gives it: timestamps as Date, epoch ms or ISO 8601 text, int64 as bigint or text. The id of a
 * stream with `dedupe` may be left out where it is any string: the client makes one.
 */
export type EventOf<S> =
  S extends Stream<string, infer F extends Schema>
    ? Shown<GivenFields<Omit<F, MadeIdOf<S, F>>> & { readonly [N in MadeIdOf<S, F>]?: string | undefined }>
    : never;
type MadeIdOf<S, F extends Schema> =
  IdOf<S> extends infer I extends keyof F & string ? (string extends FieldValue<F[I]> ? I : never) : never;
