import { describe, expectTypeOf, test } from 'vitest';
import type feed from '../../features/feed/index.ts';
import type {
  Answer,
  Client,
  EntityAnswer,
  EventOutcome,
  OneAnswer,
  UnacknowledgedEventsError,
} from '../../lib/client/index.ts';
import { createClient } from '../../lib/client/index.ts';
import type { EventOf, FeatureValues } from '../../lib/define/index.ts';
import definitions, { type plays, type ticks } from '../client/definitions.ts';
import type { interactions } from '../define/example.ts';

declare const client: Client<typeof definitions>;

describe('events', () => {
  test('are what the schema accepts: dates, exact ids, what may be null or missing', () => {
    expectTypeOf<EventOf<typeof plays>>().branded.toEqualTypeOf<{
      readonly id?: string | undefined;
      readonly at: Date | number | string;
      readonly user: string;
      readonly item: bigint | string;
      readonly kind: 'view' | 'like';
      readonly ms?: number | undefined;
      readonly price: number | string | null;
      readonly score?: number | null | undefined;
      readonly loud: boolean;
      readonly codes: readonly (bigint | string)[];
      readonly device: { readonly os: string; readonly serial?: bigint | string | undefined };
    }>();
  });

  test('need an id only where none can be made', () => {
    expectTypeOf<EventOf<typeof interactions>['event_id']>().toEqualTypeOf<string | undefined>();
    expectTypeOf<EventOf<typeof ticks>>().toEqualTypeOf<{
      readonly at: Date | number | string;
      readonly user: string;
    }>();
  });

  test('may have values of a oneOf that are not listed, where these are read as another', () => {
    type Interaction = EventOf<(typeof feed)['streams']['interactions']>;
    expectTypeOf<Interaction['os']>().toEqualTypeOf<string>();
    expectTypeOf<Interaction['action']>().toEqualTypeOf<
      'impression' | 'click' | 'watch' | 'finish' | 'like' | 'share' | 'follow'
    >();
  });

  test('have an outcome each', () => {
    type Outcomes = readonly EventOutcome<EventOf<typeof ticks>>[];
    expectTypeOf(client.send('ticks', { at: 1, user: 'ann' })).resolves.toEqualTypeOf<Outcomes>();
    expectTypeOf(client.send('ticks', [{ at: 1, user: 'ann' }])).resolves.toEqualTypeOf<Outcomes>();
  });

  test('that were not acknowledged can be sent again', () => {
    const error = new Error() as UnacknowledgedEventsError<EventOf<typeof ticks>>;
    expectTypeOf(client.send<'ticks'>).toBeCallableWith('ticks', error.events);
  });
});

describe('reads', () => {
  const context = { bonus: 1n, since: 1 };

  test('of one key give one entity, of many a list', () => {
    type Values = FeatureValues<(typeof definitions)['services']['pairs']>;
    const key = { user: 'ann', item: 1n };
    expectTypeOf(client.read('pairs', key, { context })).resolves.toEqualTypeOf<OneAnswer<Values>>();
    expectTypeOf(client.read('pairs', [key], { context })).resolves.toEqualTypeOf<Answer<Values>>();
    expectTypeOf(client.rank('pairs', { user: 'ann' }, [{ item: 1n }], { context })).resolves.toEqualTypeOf<
      Answer<Values>
    >();
  });

  test('take keys as they come', () => {
    const keys: readonly { user: string; tab: number }[] = [];
    expectTypeOf(client.readGroup('user_ticks', keys)).resolves.toEqualTypeOf<Answer<{ ticks: number }>>();
    expectTypeOf(client.read('users', keys)).resolves.toHaveProperty('entities');
  });

  test('have values that may be missing where a row could not be read, and only there', () => {
    type Ticks = EntityAnswer<{ ticks: number }>;
    expectTypeOf<Ticks['values']['ticks']>().toEqualTypeOf<number | null>();
    expectTypeOf<(Ticks & { status: 'known' })['values']>().toEqualTypeOf<{ ticks: number }>();
    expectTypeOf<Ticks['status']>().toEqualTypeOf<'known' | 'unknown' | 'failed'>();
  });

  test('of int64 are bigints, wherever they are', () => {
    type Values = FeatureValues<(typeof definitions)['groups']['user_plays']>;
    expectTypeOf<Values['item']>().toEqualTypeOf<bigint | null>();
    expectTypeOf<Values['items']>().toEqualTypeOf<bigint[]>();
    expectTypeOf<Values['last_item_by_kind']>().toEqualTypeOf<Record<string, bigint>>();
    expectTypeOf<Values['at']>().toEqualTypeOf<number | null>();
  });
});

test('a client is typed by its definitions', () => {
  expectTypeOf(createClient(definitions, { url: '' })).toEqualTypeOf<Client<typeof definitions>>();
});
