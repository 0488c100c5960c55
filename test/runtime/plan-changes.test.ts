import { describe, expect, test } from 'vitest';
import {
  count,
  definitions,
  entity,
  featureGroup,
  featureService,
  float,
  int,
  stream,
  string,
  sum,
  timestamp,
} from '../../lib/define/index.ts';
import type { Plan } from '../../lib/kernel/plan.ts';
import { assertCompatible, comparePlans, PlanConflictError } from '../../lib/runtime/plan-changes.ts';

/** A Plan with one group `clicks` and one service, with parts of its definitions replaced. */
function planOf({
  user = {},
  events = {},
  schema = {},
  group = {},
  service = {},
  services = true,
}: {
  user?: object;
  events?: object;
  schema?: object;
  group?: object;
  service?: object;
  services?: boolean;
} = {}): Plan {
  const users = entity('user', { keys: { user: string() }, ...user });
  const clicks = stream('events', {
    schema: { user: string(), ms: int(), price: float(), unread: int(), ts: timestamp(), ...schema },
    eventTime: 'ts',
    key: 'user',
    ...events,
  } as never);
  const g = featureGroup('clicks', {
    entity: users,
    from: clicks,
    features,
    derived: (f: never) => ({ mean: (f as Features).ms_1h.div((f as Features).n_1h) }),
    ...group,
  } as never);
  const s = featureService('ranking', [g], service);
  return definitions({ groups: [g], services: services ? [s] : [] }).plan;
}
type Number = import('../../lib/define/index.ts').NumberExpression<'int'>;
interface Features {
  readonly n_1h: Number;
  readonly ms_1h: Number;
}
interface Fields {
  readonly ms: Number;
  readonly price: Number;
}
const features = (e: never) => ({ n: count().over('1h', '24h'), ms: sum((e as Fields).ms).over('1h') });

/** `what of name: verdict`, one a change. */
const changes = (after: Plan, before = planOf()) =>
  comparePlans(before, after).map(c => `${c.what} ${c.of} ${c.name}: ${c.verdict}`);

test('equal Plans do not differ', () => {
  expect(changes(planOf())).toEqual([]);
});

describe('compatible', () => {
  test.each<[string, Parameters<typeof planOf>[0], string[]]>([
    [
      'words',
      {
        group: { description: 'New.', owner: 'me' },
        user: { tags: ['x'] },
        events: { owner: 'you' },
        service: { tags: ['y'] },
      },
      [
        'changed entity user: compatible',
        'changed stream events: compatible',
        'changed group clicks: compatible',
        'changed service ranking: compatible',
      ],
    ],
    ['a field that nothing reads', { schema: { unread: string() } }, ['changed stream events: compatible']],
    ['a new field', { schema: { further: string() } }, ['changed stream events: compatible']],
    [
      'a further version',
      {
        group: { version: 2, features: () => ({ n: count().over('7d') }), derived: undefined },
        service: { version: 2 },
      },
      ['added group clicks: compatible', 'added service ranking: compatible'],
    ],
    ['no service', { services: false }, ['removed service ranking: compatible']],
  ])('%s', (_, changed, expected) => {
    expect(changes(planOf(changed))).toEqual(expected);
  });

  test('features added on what rows keep, derived features, removed derived features', () => {
    const before = planOf({ services: false });
    const after = planOf({
      services: false,
      group: {
        features: (e: never) => ({ ...features(e), again: count().over('24h') }),
        derived: (f: never) => ({ twice: (f as Features).n_1h.mul(2) }),
      },
    });
    expect(changes(after, before)).toEqual([
      'added feature clicks.again_24h: compatible',
      'added feature clicks.twice: compatible',
      'removed feature clicks.mean: compatible',
    ]);
    expect(() => assertCompatible(before, after)).not.toThrow();
  });

  test("words of a feature, of the stream's fields", () => {
    const before = planOf({ services: false });
    const after = planOf({
      services: false,
      schema: { ms: int().describe('Milliseconds.') },
      group: {
        features: (e: never) => ({
          ...features(e),
          ms: sum((e as Fields).ms)
            .over('1h')
            .describe('All of it.'),
        }),
      },
    });
    expect(changes(after, before)).toEqual(['changed feature clicks.ms_1h: compatible']);
  });

  test('everything new', () => {
    const nothing: Plan = { ...planOf(), entities: [], streams: [], groups: [], services: [] };
    expect(changes(planOf(), nothing)).toEqual([
      'added entity user: compatible',
      'added stream events: compatible',
      'added group clicks: compatible',
      'added service ranking: compatible',
    ]);
  });
});

describe('in need of a version', () => {
  const without = { services: false };
  test.each<[string, Parameters<typeof planOf>[0], string[]]>([
    [
      'another condition',
      {
        group: {
          features: (e: never) => ({
            n: count()
              .where((e as Fields).ms.gt(0))
              .over('1h', '24h'),
            ms: sum((e as Fields).ms).over('1h'),
          }),
        },
      },
      [
        'changed group clicks: needs-version',
        'changed feature clicks.n_1h: needs-version',
        'changed feature clicks.n_24h: needs-version',
      ],
    ],
    [
      'another input',
      {
        group: {
          features: (e: never) => ({ n: count().over('1h', '24h'), ms: sum((e as Fields).price).over('1h') }),
        },
      },
      [
        'changed group clicks: needs-version',
        'changed feature clicks.ms_1h: needs-version',
        // Its operands are floats now.
        'changed feature clicks.mean: needs-version',
      ],
    ],
    [
      'a further window',
      { group: { features: (e: never) => ({ ...features(e), n: count().over('1h', '24h', '7d') }) } },
      ['changed group clicks: needs-version', 'added feature clicks.n_7d: needs-version'],
    ],
    [
      'a further aggregation',
      { group: { features: (e: never) => ({ ...features(e), users: count((e as Fields).price) }) } },
      ['changed group clicks: needs-version', 'added feature clicks.users: needs-version'],
    ],
    [
      'a default',
      {
        group: {
          features: (e: never) => ({
            ...features(e),
            ms: sum((e as Fields).ms)
              .over('1h')
              .default(0),
          }),
        },
      },
      ['changed feature clicks.ms_1h: needs-version'],
    ],
    [
      'another derived expression',
      { group: { derived: (f: never) => ({ mean: (f as Features).n_1h.div((f as Features).ms_1h) }) } },
      ['changed feature clicks.mean: needs-version'],
    ],
    [
      'a key of another type',
      { user: { keys: { user: int() } }, schema: { user: int() } },
      [
        'changed entity user: compatible',
        'changed stream events: compatible',
        'changed group clicks: needs-version',
      ],
    ],
    [
      'a field that is read, of another type',
      { schema: { ms: int().optional() } },
      ['changed stream events: compatible', 'changed group clicks: needs-version'],
    ],
    [
      'another beginning of the stream',
      { events: { since: '2010-01-01' } },
      ['changed stream events: compatible', 'changed group clicks: needs-version'],
    ],
  ])('%s', (_, changed, expected) => {
    const [before, after] = [planOf(without), planOf({ ...without, ...changed })];
    expect(changes(after, before)).toEqual(expected);
    expect(() => assertCompatible(before, after)).toThrow(PlanConflictError);
  });

  test('a vector that changes under its version', () => {
    const before = planOf({ service: { context: { price: float() } } });
    expect(changes(planOf(), before)).toEqual(['changed service ranking: needs-version']);
  });

  test('a version that goes back', () => {
    const before = planOf({ group: { version: 3 }, service: { version: 2 } });
    expect(comparePlans(before, planOf())).toMatchObject([
      { of: 'group', verdict: 'needs-version', detail: 'its version went back from 3 to 1; raise it to 4' },
      { of: 'service', verdict: 'needs-version', detail: 'its version went back from 2 to 1; raise it to 3' },
    ]);
  });

  test('says which group, why, and what to do', () => {
    const after = planOf({
      group: { features: (e: never) => ({ ...features(e), n: count().over('1h', '24h', '7d') }) },
    });
    expect(() => assertCompatible(planOf(), after)).toThrow(
      'group clicks: what its rows keep changed; raise version to 2 of group clicks',
    );
    try {
      assertCompatible(planOf(), after);
    } catch (error) {
      expect((error as PlanConflictError).conflicts.map(c => c.name)).toContain('clicks');
    }
  });
});
