import { describe, expect, test } from 'vitest';
import { scope } from '../../lib/define/field.ts';
import {
  approxDistinct,
  approxQuantile,
  bool,
  count,
  DefinitionError,
  decayedCount,
  decimal,
  defineFunction,
  definitions,
  distinct,
  entity,
  featureGroup,
  featureService,
  float,
  int,
  last,
  lastK,
  list,
  min,
  oneOf,
  stream,
  string,
  struct,
  sum,
  timestamp,
  topK,
} from '../../lib/define/index.ts';
import type { EventFields, Schema, Stream } from '../../lib/define/stream.ts';
import { interactions, itemPopularity, rankingV1, user, userEngagement } from './example.ts';

/*
 * What does not compile is refused at run time as well, for definitions that reach us through casts and JavaScript.
 * Every message names the definition, and the feature where there is one.
 */

type Event = EventFields<typeof interactions.schema>;
const features =
  (build: (e: Event) => object, more: object = {}) =>
  () =>
    featureGroup('clicks', { entity: user, from: interactions, features: build, ...more } as never);
const streamWith = (options: object) => () =>
  stream('s', { schema: { id: string(), ts: timestamp() }, eventTime: 'ts', key: 'id', ...options } as never);

describe.each<[string, readonly (readonly [string, () => unknown, string | RegExp])[]]>([
  [
    'names',
    [
      [
        'with a blank',
        () => entity('a b', { keys: { id: string() } }),
        "entity a b: 'a b' cannot name an entity",
      ],
      ['starting with a digit', () => entity('1a', { keys: { id: string() } }), 'use a letter first'],
      [
        'too long',
        () => entity('a'.repeat(65), { keys: { id: string() } }),
        '65 characters long; 64 is the most',
      ],
      [
        'that objects have',
        () => entity('e', { keys: { constructor: string() } }),
        "'constructor' cannot name a field",
      ],
      [
        'that are none',
        () => entity(5 as never, { keys: { id: string() } }),
        'an entity needs a name; got 5',
      ],
      [
        'alike but for case',
        streamWith({ schema: { id: string(), Id: string(), ts: timestamp() } }),
        'named Id',
      ],
      [
        'of features',
        features(() => ({ 'a-b': count() })),
        "group clicks, feature a-b: 'a-b' cannot name a feature",
      ],
    ],
  ],
  [
    'fields',
    [
      [
        'of no type',
        streamWith({ schema: { id: 'string' } }),
        'stream s: field id is "string"; write a type',
      ],
      [
        'of no decimal',
        () => decimal(2.5),
        'a whole number of digits after the point, from 0 to 15; got 2.5',
      ],
      ['with no values', () => (oneOf as () => void)(), 'at least one value'],
      ['with a value twice', () => oneOf('a', 'a'), 'lists "a" twice'],
      ['with an odd unlisted', () => oneOf('a').unlisted('drop' as never), `takes 'reject', 'null' or`],
      ['with half a character', () => oneOf('a').unlisted({ as: '\ud800' }), `takes 'reject', 'null' or`],
      ['with no fields', () => struct({}), 'struct has no fields'],
      ['with no element', () => list(undefined as never), 'field element is undefined'],
      ['with odd tags', () => string().tag(''), 'tags are a list of texts'],
    ],
  ],
  [
    'entities',
    [
      [
        'without options',
        () => entity('e', undefined as never),
        'entity e: its options are an object; got undefined',
      ],
      ['without key', () => entity('e', { keys: {} }), 'entity e: its key has no fields'],
      [
        'keyed by a float',
        () => entity('e', { keys: { id: float() as never } }),
        'key id is a float; keys are',
      ],
      [
        'keyed by what may be null',
        () => entity('e', { keys: { id: string().nullable() as never } }),
        'may be null',
      ],
    ],
  ],
  [
    'streams',
    [
      [
        'with an unknown event time',
        streamWith({ eventTime: 'tss' }),
        'stream s: eventTime names "tss", which is no field',
      ],
      ['with a text as event time', streamWith({ eventTime: 'id' }), 'eventTime names id, a string'],
      [
        'with an optional event time',
        streamWith({ schema: { id: string(), ts: timestamp().optional() } }),
        'may be null',
      ],
      [
        'with an unknown key',
        streamWith({ key: 'nope' }),
        'key names "nope", which is no field of the schema; it has id, ts',
      ],
      ['with a time as key', streamWith({ key: 'ts' }), 'key names ts, a timestamp'],
      ['without key', streamWith({ key: [] }), 'key names no field'],
      ['with a key twice', streamWith({ key: ['id', 'id'] }), 'names a field twice'],
      ['with an unknown id', streamWith({ dedupe: { by: 'nope', within: '1h' } }), 'dedupe.by names "nope"'],
      [
        'with an optional id',
        streamWith({
          schema: { id: string().optional(), ts: timestamp() },
          dedupe: { by: 'id', within: '1h' },
        }),
        'an id is in every event',
      ],
      [
        'with an odd length',
        streamWith({ dedupe: { by: 'id', within: '1 hour' } }),
        "dedupe.within '1 hour' is no length",
      ],
      ['with a misspelled option', streamWith({ dedup: {} }), 'stream s: there is no option dedup'],
      ['since no date', streamWith({ since: '2000-13-01' }), 'since is "2000-13-01"; write a UTC date'],
    ],
  ],
  [
    'windows',
    [
      [
        'of weeks',
        features(() => ({ clicks: count().over('7w' as never) })),
        "group clicks, feature clicks: no window '7w'; write a number and m, h or d, from '5m' to '90d', or 'lifetime'",
      ],
      ['too short', features(() => ({ clicks: count().over('4m' as never) })), "no window '4m'"],
      ['too long', features(() => ({ clicks: count().over('2161h') })), "no window '2161h'"],
      ['of nothing', features(() => ({ clicks: count().over('0h' as never) })), "no window '0h'"],
      ['that are none', features(() => ({ clicks: count().over(5 as never) })), 'no window 5'],
      ['twice', features(() => ({ clicks: count().over('24h', '1d') })), 'over(…) names one window twice'],
    ],
  ],
  [
    'aggregations',
    [
      [
        'of texts as numbers',
        features(e => ({ a: sum(e.item_id as never) })),
        'group clicks, feature a: sum(…): takes numbers, not string',
      ],
      [
        'of what has no order',
        features(e => ({ a: min(e.labels as never) })),
        'min(…): list<string> has no order',
      ],
      [
        'by what has no order',
        features(e => ({ a: topK(e.item_id, 3, { orderBy: e.device as never }) })),
        'has no order',
      ],
      [
        'of lists as values',
        features(e => ({ a: distinct(e.labels as never) })),
        'distinct(…): takes single values',
      ],
      [
        'of nothing',
        features(() => ({ a: (sum as () => unknown)() })),
        'group clicks: sum(…) aggregates an expression, such as e.price; got undefined',
      ],
      [
        'of half a row',
        features(e => ({ a: lastK(e.item_id, 2.5) })),
        'lastK(…): k is a whole number from 1 to 1000; got 2.5',
      ],
      [
        'at no share',
        features(e => ({ a: approxQuantile(e.watch_ms, 50) })),
        'q is a number from 0 to 1; got 50',
      ],
      ['at NaN', features(e => ({ a: approxQuantile(e.watch_ms, Number.NaN) })), 'got NaN'],
      [
        'too precise',
        features(e => ({ a: approxDistinct(e.item_id, { precision: 20 }) })),
        'from 4 to 16; got 20',
      ],
      ['with no limit', features(e => ({ a: distinct(e.item_id, { limit: 0 }) })), 'limit is a whole number'],
      [
        'that do not decay',
        features(() => ({ a: decayedCount({ halfLife: 'soon' }) })),
        "halfLife 'soon' is no length",
      ],
      ['by floats', features(e => ({ a: count().by(e.score as never) })), 'by(…) takes a string, an int'],
      ['by too many', features(e => ({ a: count().by(e.action, { limit: 1e6 }) })), 'by(…): limit'],
      [
        'where no condition is',
        features(e => ({ a: count().where(e.watch_ms as never) })),
        'watch_ms is a int; and() joins conditions',
      ],
      [
        'with a useless default',
        features(() => ({ a: count().default(1 as never) })),
        'default(…) has no use',
      ],
      [
        'with a default of another type',
        features(e => ({ a: sum(e.watch_ms).default('0' as never) })),
        '"0" is not a value of int',
      ],
      [
        'with a list as default',
        features(e => ({ a: last(e.labels).default([] as never) })),
        'a list<string> has no default',
      ],
      ['that are none', features(e => ({ a: e.item_id })), 'item_id is a value of one event; aggregate it'],
      ['that are numbers', features(() => ({ a: 5 })), '5 is no aggregation'],
    ],
  ],
  [
    'groups',
    [
      ['without features', features(() => ({})), 'features has none'],
      ['with a list of them', features(() => []), 'features returns an object'],
      [
        'with one name twice',
        features(() => ({ a_1h: count(), a: count().over('1h') })),
        'group clicks, feature a_1h: there are two',
      ],
      [
        'with a derived name taken',
        features(() => ({ a: count() }), { derived: (f: { a: unknown }) => ({ a: f.a }) }),
        'feature a: there are two',
      ],
      [
        'with an unknown field',
        features(e => ({ a: sum((e as never as { nope: never }).nope) })),
        'group clicks: stream interactions has no field "nope"',
      ],
      [
        'with an unknown feature',
        features(() => ({ a: count() }), { derived: (f: never) => ({ b: (f as { c: never }).c }) }),
        'the group has no feature "c"; it has a',
      ],
      [
        'with an event field in derived',
        features(e => ({ a: count(e.item_id) }), { derived: () => ({ b: outside.item_id }) }),
        'feature b: it reads item_id, which is not in scope',
      ],
      [
        'with a foreign field',
        features(() => ({ a: last(foreign.other) })),
        'feature a: it reads other, which is no field of stream interactions',
      ],
      [
        'with an aggregation in derived',
        features(() => ({ a: count() }), { derived: () => ({ b: count() }) }),
        'it is an aggregation',
      ],
      [
        'with a misspelled option',
        features(() => ({ a: count() }), { drived: () => ({}) }),
        'group clicks: there is no option drived; there are version, entity,',
      ],
      ['with features that are no function', features({} as never), 'features is a function'],
      [
        'with version 0',
        features(() => ({ a: count() }), { version: 0 }),
        'version is 0; write a whole number from 1',
      ],
      ['with no entity', features(() => ({ a: count() }), { entity: undefined }), 'entity is missing'],
      ['with no stream', features(() => ({ a: count() }), { from: undefined }), 'from is missing'],
      [
        'with an unmatched key',
        features(() => ({ a: count() }), { entity: itemPopularity.entity }),
        "no field item for key item; write keys: { item: 'the field' }",
      ],
      [
        'with a key of another type',
        features(() => ({ a: count() }), { keys: { user_id: 'session' } }),
        'key user_id is a string, but field session',
      ],
      [
        'with an unknown key',
        features(() => ({ a: count() }), { keys: { nope: 'user_id' } }),
        'keys names nope, which is no key of entity user',
      ],
    ],
  ],
  [
    'services',
    [
      ['of nothing', () => featureService('s', [] as never), 'service s: it has no features'],
      ['of what is no group', () => featureService('s', [interactions as never]), 'parts are groups'],
      [
        'with a name twice',
        () => featureService('s', [userEngagement, itemPopularity] as never),
        'service s, feature clicks_1h: several features have this name in the vector; give one part a prefix',
      ],
      [
        'with an unknown pick',
        () => userEngagement.pick('nope' as never),
        'group user_engagement: pick names "nope"',
      ],
      ['with an empty pick', () => userEngagement.pick(), 'pick() names no feature'],
      ['with a bad prefix', () => userEngagement.prefix('1'), "'1clicks_1h' cannot name a feature"],
      [
        'with unknown context',
        () =>
          featureService('s', [userEngagement], {
            context: { price: float() },
            onDemand: (_, c) => ({ a: (c as never as { nope: typeof c.price }).nope }),
          }),
        'the context has no field "nope"; it has price',
      ],
    ],
  ],
  [
    'functions',
    [
      [
        'without version',
        () => defineFunction('f', { version: 0, parameters: [], returns: int() }, () => 1),
        'function f: version',
      ],
      [
        'without code',
        () => defineFunction('f', { version: 1, parameters: [], returns: int() }, 5 as never),
        'the third argument',
      ],
    ],
  ],
  [
    'sets of definitions',
    [
      [
        'that are no lists',
        () => definitions({ groups: userEngagement as never }),
        'groups and services are lists',
      ],
      [
        'with a group twice',
        () => definitions({ groups: [userEngagement, userEngagement] }),
        'group user_engagement: there are two',
      ],
      [
        'with two entities of a name',
        () => definitions({ groups: [userEngagement, otherUser()] }),
        'entity user: there are two',
      ],
      [
        'with a service whose group is missing',
        () => definitions({ groups: [userEngagement], services: [rankingV1] }),
        'service ranking_v1: it reads feature clicks_1h of group item_popularity',
      ],
      [
        'with no groups',
        () => definitions({ groups: [undefined as never] }),
        'groups[0] is not what featureGroup',
      ],
      [
        'with two functions of a name',
        () => definitions({ groups: [calling('a'), calling('b')] }),
        'two functions are named twin',
      ],
    ],
  ],
])('%s', (_, cases) => {
  test.each(cases)('%s', (_name, define, message) => {
    expect(define).toThrow(DefinitionError);
    expect(define).toThrow(message);
  });
});

test('an error tells its place in fields too', () => {
  const define = features(() => ({ clicks: count().over('7w' as never) }));
  expect(define).toThrow(expect.objectContaining({ definition: 'group clicks', feature: 'clicks' }));
});

/** Fields kept from the callback of another group. */
function fieldsOf<S extends Schema>(from: Stream<string, S>): EventFields<S> {
  return scope('event', from.plan.schema, `stream ${from.name}`) as EventFields<S>;
}
const outside = fieldsOf(interactions);
const foreign = fieldsOf(
  stream('foreign', { schema: { other: string(), ts: timestamp() }, eventTime: 'ts', key: 'other' }),
);

function otherUser() {
  const twin = entity('user', { keys: { user_id: string() } });
  return featureGroup('other', { entity: twin, from: interactions, features: () => ({ n: count() }) });
}

function calling(name: string) {
  const twin = defineFunction('twin', { version: 1, parameters: [bool()], returns: bool() }, b => !b);
  return featureGroup(name, {
    entity: user,
    from: interactions,
    features: e => ({ a: last(twin(e.price.isNull())) }),
  });
}
