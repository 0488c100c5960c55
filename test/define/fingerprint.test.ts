import { describe, expect, test } from 'vitest';
import {
  count,
  entity,
  featureGroup,
  int,
  oneOf,
  stream,
  string,
  sum,
  timestamp,
} from '../../lib/define/index.ts';

/** A group's fingerprint, with parts of its definitions replaced. */
function fingerprintOf({
  schema = {},
  timing = {},
  key = string(),
  group = {},
}: {
  schema?: object;
  timing?: object;
  key?: unknown;
  group?: object;
} = {}): string {
  const events = stream('events', {
    schema: {
      id: string(),
      user: string(),
      other: string(),
      action: oneOf('click', 'view'),
      ms: int(),
      unread: int(),
      ts: timestamp(),
      ...schema,
    },
    eventTime: 'ts',
    key: 'user',
    dedupe: { by: 'id', within: '1h' },
    ...timing,
  } as never);
  const user = entity('user', { keys: { user: key as ReturnType<typeof string> } });
  return featureGroup('g', {
    entity: user,
    from: events as never,
    features: (e: never) => ({ clicks: clicks(e).over('1h', '7d'), ms: sum((e as Fields).ms).over('1h') }),
    ...group,
  } as never).plan.fingerprint;
}
interface Fields {
  readonly action: ReturnType<typeof oneOf<['click', 'view']>> extends infer F
    ? import('../../lib/define/field.ts').FieldExpression<F>
    : never;
  readonly ms: import('../../lib/define/index.ts').NumberExpression<'int'>;
}
const clicks = (e: never) => count().where((e as Fields).action.eq('click'));
const base = fingerprintOf();

describe('a fingerprint stays', () => {
  test.each<[string, Parameters<typeof fingerprintOf>[0]]>([
    ['with the same definitions', {}],
    ['when a description changes', { group: { description: 'Other words.', owner: 'someone', tags: ['x'] } }],
    ['when words of a field change', { schema: { ms: int().describe('Time.').tag('pii') } }],
    ['when a field that is not read changes', { schema: { unread: string().optional(), new_one: int() } }],
    [
      'when a derived feature is added',
      { group: { derived: (f: never) => ({ d: (f as { ms_1h: Fields['ms'] }).ms_1h.add(1) }) } },
    ],
    [
      'when a feature on a slot and window that are kept is added',
      {
        group: {
          features: (e: never) => ({
            clicks: clicks(e).over('1h', '7d'),
            ms: sum((e as Fields).ms).over('1h'),
            again: clicks(e).over('7d'),
          }),
        },
      },
    ],
  ])('%s', (_, changed) => {
    expect(fingerprintOf(changed)).toBe(base);
  });
});

describe('a fingerprint changes', () => {
  test.each<[string, Parameters<typeof fingerprintOf>[0]]>([
    ["with the entity's key type", { key: int(), schema: { user: int() } }],
    ["with the key's field", { group: { keys: { user: 'other' } } }],
    ['with the dedupe window', { timing: { dedupe: { by: 'id', within: '2h' } } }],
    ['without dedupe', { timing: { dedupe: undefined } }],
    ['with since', { timing: { since: '2001-01-01' } }],
    ["with the stream's key", { timing: { key: 'other' } }],
    [
      'with the listed values of a field that is read',
      { schema: { action: oneOf('click', 'view', 'like') } },
    ],
    ['with what becomes of unlisted values', { schema: { action: oneOf('click', 'view').unlisted('null') } }],
    ['with a read field that may be missing', { schema: { ms: int().optional() } }],
    [
      'with a condition',
      {
        group: {
          features: (e: never) => ({
            clicks: count().over('1h', '7d'),
            ms: sum((e as Fields).ms).over('1h'),
          }),
        },
      },
    ],
    [
      'with a further window',
      {
        group: {
          features: (e: never) => ({
            clicks: clicks(e).over('1h', '24h', '7d'),
            ms: sum((e as Fields).ms).over('1h'),
          }),
        },
      },
    ],
    [
      'with the order of slots, to which state bytes refer',
      {
        group: {
          features: (e: never) => ({
            ms: sum((e as Fields).ms).over('1h'),
            clicks: clicks(e).over('1h', '7d'),
          }),
        },
      },
    ],
  ])('%s', (_, changed) => {
    expect(fingerprintOf(changed)).not.toBe(base);
  });
});
