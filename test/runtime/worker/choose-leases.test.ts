import { expect, test } from 'vitest';
import { chooseLeases } from '../../../lib/runtime/worker/choose-leases.ts';
import { type Lease, noLease } from '../../../lib/runtime/worker/ports.ts';

const lease = (shard: string, owner: string | null, change: Partial<Lease> = {}): Lease => ({
  ...noLease(shard),
  owner,
  counter: 3,
  ...change,
});
const drained = (shard: string): Lease => lease(shard, null, { isDrained: true });

interface Scene {
  readonly shards: readonly (string | readonly [string, ...string[]])[];
  readonly leases?: readonly Lease[];
  readonly expired?: readonly string[];
  readonly busy?: readonly string[];
}

function chosen({ shards, leases = [], expired = [], busy = [] }: Scene): string[] {
  const view = {
    shards: shards.map(shard => {
      const [id, ...parents] = typeof shard === 'string' ? [shard] : shard;
      return { id, parents };
    }),
    leases,
    owner: 'me',
    isExpired: ({ shard }: Lease) => expired.includes(shard),
    isBusy: (shard: string) => busy.includes(shard),
    random: () => 0,
  };
  const { take, ask } = chooseLeases(view);
  return [...take.map(({ shard }) => shard), ...ask.map(({ shard }) => `${shard}?`)];
}

test.each<[string, Scene, string[]]>([
  ['all that nobody has', { shards: ['a', 'b'] }, ['a', 'b']],
  ['what was given up', { shards: ['a'], leases: [lease('a', null)] }, ['a']],
  ['nothing that another has', { shards: ['a'], leases: [lease('a', 'x')] }, []],
  ['what one had who is gone', { shards: ['a'], leases: [lease('a', 'x')], expired: ['a'] }, ['a']],
  ['what it has and does not work at', { shards: ['a'], leases: [lease('a', 'me')] }, ['a']],
  ['nothing twice', { shards: ['a'], leases: [lease('a', 'x')], expired: ['a'], busy: ['a'] }, []],
  ['no more than its share', { shards: ['a', 'b', 'c', 'd'], leases: [lease('a', 'x')] }, ['b', 'c']],
  [
    'one of who has two more',
    {
      shards: ['a', 'b', 'c', 'd'],
      leases: ['a', 'b', 'c'].map(s => lease(s, 'x')).concat(lease('d', 'me')),
      busy: ['d'],
    },
    ['a?'],
  ],
  [
    'no second one before the first has come',
    {
      shards: ['a', 'b', 'c', 'd'],
      leases: [lease('a', 'x'), lease('b', 'x', { heir: 'me' }), lease('c', 'x'), lease('d', 'me')],
      busy: ['d'],
    },
    [],
  ],
  [
    'nothing that another has asked for',
    {
      shards: ['a', 'b', 'c'],
      leases: [lease('a', 'x', { heir: 'y' }), lease('b', 'x', { heir: 'y' }), lease('c', 'x')],
    },
    [],
  ],
  [
    'what is handed over, beyond its share too',
    { shards: ['a', 'b'], leases: [lease('a', 'me'), lease('b', 'me')], busy: ['b'] },
    ['a'],
  ],
  [
    'what was asked of one who is gone',
    { shards: ['a'], leases: [lease('a', 'x', { heir: 'y' })], expired: ['a'] },
    ['a'],
  ],
  [
    'nothing of who has one more',
    { shards: ['a', 'b', 'c'], leases: [lease('a', 'x'), lease('b', 'x'), lease('c', 'me')], busy: ['c'] },
    [],
  ],
  ['parents before children', { shards: ['a', ['b', 'a'], ['c', 'a']] }, ['a']],
  ['children of drained ones', { shards: ['a', ['b', 'a']], leases: [drained('a')] }, ['b']],
  ['children of ones long gone', { shards: [['b', 'a']] }, ['b']],
  [
    'a merged one when both are drained',
    { shards: ['a', 'b', ['c', 'a', 'b']], leases: [drained('a'), lease('b', 'x')] },
    [],
  ],
])('it takes, or asks for, %s', (_, scene, expected) => {
  expect(chosen(scene)).toEqual(expected);
});

test('workers that look one after the other end up even, and then leave it so', () => {
  for (let workers = 1; workers <= 7; workers++) {
    for (let count = 1; count <= 12; count++) {
      const shards = Array.from({ length: count }, (_, i) => ({ id: `s${i}`, parents: [] }));
      const owners = new Map<string, string>();
      const moves = (owner: string): number => {
        const { take, ask } = chooseLeases({
          shards,
          leases: [...owners].map(([shard, owner]) => lease(shard, owner)),
          owner,
          isExpired: () => false,
          isBusy: shard => owners.get(shard) === owner,
          random: () => 0.4,
        });
        for (const { shard } of [...take, ...ask]) owners.set(shard, owner);
        return take.length + ask.length;
      };
      const all = Array.from({ length: workers }, (_, i) => `w${i}`);
      for (let round = 0; round < count; round++) for (const owner of all) moves(owner);
      const loads = all.map(owner => [...owners.values()].filter(o => o === owner).length);
      expect(Math.max(...loads) - Math.min(...loads), `${workers} workers, ${count} shards`).toBeLessThan(2);
      expect(all.map(moves)).toEqual(all.map(() => 0));
    }
  }
});
