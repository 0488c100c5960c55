import { describe, expect, test } from 'vitest';
import { isSameLease, type Lease, type LeaseStore, noLease } from '../../lib/runtime/worker/ports.ts';
import type { Subject } from './harness.ts';

const lease = (shard: string, counter: number, change: Partial<Lease> = {}): Lease => ({
  shard,
  owner: 'w1',
  heir: null,
  counter,
  checkpoint: null,
  isDrained: false,
  ...change,
});

/** Whether the lease is the stored one after it was written. */
const write = async (store: LeaseStore, life: string, one: Lease): Promise<boolean> =>
  isSameLease(await store.write(life, one), one);

const sorted = async (store: LeaseStore, life: string) =>
  [...(await store.list(life))].sort((a, b) => (a.shard < b.shard ? -1 : 1));

/** What every lease store promises. */
export function leaseStoreConformance(name: string, make: () => Promise<Subject<LeaseStore>>): void {
  async function run(body: (store: LeaseStore, subject: Subject<LeaseStore>) => Promise<void>) {
    const subject = await make();
    try {
      await body(subject.adapter, subject);
    } finally {
      await subject.dispose();
    }
  }

  describe(`lease store: ${name}`, () => {
    test('leases come back as they were written, those of one life', () =>
      run(async (store, subject) => {
        expect(await store.list('life-1')).toEqual([]);
        const leases = [
          lease('a', 1),
          lease('b', 1, {
            owner: null,
            checkpoint: '49590338271490256608559692538361571095921575989136588898',
          }),
          lease('c', 1, { owner: null, isDrained: true }),
          lease('d', 1, { heir: 'w2' }),
        ];
        for (const one of leases) expect(await write(store, 'life-1', one)).toBe(true);
        expect(await write(store, 'life-2', lease('a', 1, { owner: 'w9' }))).toBe(true);
        const again = await subject.reopen();
        expect(await sorted(again, 'life-1')).toEqual(leases);
        expect(await sorted(again, 'life-2')).toEqual([lease('a', 1, { owner: 'w9' })]);
      }));

    test('a lease replaces the one before it only', () =>
      run(async store => {
        expect(await write(store, 'life', lease('a', 2))).toBe(false);
        expect(await write(store, 'life', lease('a', 1))).toBe(true);
        expect(await write(store, 'life', lease('a', 1, { owner: 'w2' }))).toBe(false);
        expect(await write(store, 'life', lease('a', 3, { owner: 'w2' }))).toBe(false);
        expect(await write(store, 'life', lease('a', 2, { owner: 'w2' }))).toBe(true);
        expect(await write(store, 'life', lease('a', 2))).toBe(false);
        expect(await write(store, 'life', lease('a', 3, { owner: null, checkpoint: '7' }))).toBe(true);
        expect(await store.list('life')).toEqual([lease('a', 3, { owner: null, checkpoint: '7' })]);
      }));

    test('who comes too late is told what is stored', () =>
      run(async store => {
        expect(await store.write('life', lease('a', 4))).toEqual(noLease('a'));
        const first = lease('a', 1, { owner: 'w2', heir: 'w3', checkpoint: '9' });
        expect(await store.write('life', first)).toEqual(first);
        expect(await store.write('life', lease('a', 1))).toEqual(first);
        expect(await store.write('life', lease('a', 7))).toEqual(first);
      }));

    test('of many who want a lease at once one gets it', () =>
      run(async store => {
        for (let counter = 1; counter <= 3; counter++) {
          const owners = Array.from({ length: 10 }, (_, i) => `w${i}`);
          const got = await Promise.all(
            owners.map(owner => write(store, 'life', lease('a', counter, { owner }))),
          );
          expect(got.filter(Boolean)).toHaveLength(1);
          expect(await store.list('life')).toEqual([
            lease('a', counter, { owner: owners[got.indexOf(true)]! }),
          ]);
        }
      }));

    test('as many shards as a stream has', () =>
      run(async store => {
        const shards = Array.from({ length: 120 }, (_, i) => `shardId-${String(i).padStart(12, '0')}`);
        await Promise.all(shards.map(shard => store.write('life', lease(shard, 1))));
        expect((await sorted(store, 'life')).map(({ shard }) => shard)).toEqual(shards);
      }));
  });
}
