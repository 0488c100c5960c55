import { expect, test } from 'vitest';
import { StoreError } from '../../../lib/runtime/errors.ts';
import { incarnation } from '../../support/plays.ts';
import { createScene, leaseMs } from './scene.ts';

test('one worker takes all shards from their beginning, in batches, and gives them up at its end', async () => {
  const scene = createScene();
  for (const shard of ['a', 'b']) {
    scene.stream.add(shard);
    scene.play(shard, `u-${shard}`, 10);
  }
  const worker = scene.start('w1');
  await scene.time.until(() => worker.settledRecords() === 20, 'all is settled');
  expect(await scene.plays()).toEqual({ 'u-a': 10, 'u-b': 10 });
  expect(worker.attempts.filter(a => a.shard === 'a').map(a => a.sequences)).toEqual([
    [1, 2, 3, 4],
    [5, 6, 7, 8],
    [9, 10],
  ]);
  scene.play('a', 'u-a', 1);
  await scene.time.until(() => worker.settledRecords() === 21, 'what came later is settled');
  expect(scene.owners()).toEqual({ a: 'w1', b: 'w1' });
  await worker.stop();
  expect(scene.owners()).toEqual({ a: null, b: null });
  expect(worker.changes().sort()).toEqual(['given-up a', 'given-up b', 'taken a', 'taken b']);
  expect(scene.leases.memory.get(incarnation)!.get('a')!.checkpoint).toBe('21');
  expect(worker.troubles()).toEqual([]);
});

test('events that come one by one are read together, once a window', async () => {
  const scene = createScene();
  scene.stream.add('a');
  const worker = scene.start('w1', { batchRecords: 100 });
  for (let i = 0; i < 10; i++) {
    scene.play('a', 'u1', 1);
    await scene.time.pass(200);
  }
  await scene.time.pass(1_000);
  expect(worker.settledRecords()).toBe(10);
  expect(worker.attempts.length).toBeLessThanOrEqual(3);
  await worker.stop();
});

test('a worker that comes gets its share, and who stays takes over at once from who goes', async () => {
  const scene = createScene();
  for (const shard of ['a', 'b', 'c', 'd']) scene.stream.add(shard);
  const load = (owner: string) => Object.values(scene.owners()).filter(o => o === owner).length;
  const first = scene.start('w1');
  await scene.time.until(() => load('w1') === 4, 'the first has all');
  const second = scene.start('w2');
  for (let i = 0; i < 60; i++) {
    for (const shard of ['a', 'b', 'c', 'd']) scene.play(shard, 'u1', 1);
    await scene.time.pass(1_000);
  }
  expect([load('w1'), load('w2')]).toEqual([2, 2]);
  await scene.time.until(async () => (await scene.plays()).u1 === 240, 'all is counted');
  // A shard is handed over between two batches: none is processed by both.
  const tried = [first, second].flatMap(w => w.attempts.flatMap(({ sequences }) => sequences));
  expect(tried.sort((x, y) => x - y)).toEqual(Array.from({ length: 240 }, (_, i) => i + 1));
  const counts = (change: string) =>
    [first, second].map(w => w.changes().filter(c => c.startsWith(`${change} `)).length);
  expect([counts('given-up'), counts('taken'), counts('lost')]).toEqual([
    [2, 0],
    [4, 2],
    [0, 0],
  ]);
  const before = scene.time.now();
  await first.stop();
  await scene.time.until(() => load('w2') === 4, 'the second has all');
  expect(scene.time.now() - before).toBeLessThan(leaseMs);
  await second.stop();
});

test('the shards of a worker that died go to another, and not before its lease ends', async () => {
  const scene = createScene();
  scene.stream.add('a');
  scene.play('a', 'u1', 5);
  const dead = scene.start('dead');
  await scene.time.until(() => dead.settledRecords() === 5, 'the first works');
  dead.freeze();
  const died = scene.time.now();
  scene.play('a', 'u1', 6);
  const heir = scene.start('heir');
  await scene.time.until(() => heir.settledRecords() === 6, 'the second goes on');
  expect(scene.time.now() - died).toBeGreaterThanOrEqual(leaseMs);
  expect(scene.time.now() - died).toBeLessThan(2 * leaseMs + 2_000);
  expect(heir.changes()).toEqual(['taken-over a']);
  expect(heir.attempts[0]!.sequences[0]).toBe(6);
  expect(await scene.plays()).toEqual({ u1: 11 });
  await heir.stop();
});

test('a worker that sleeps past its lease in the middle of a batch changes nothing when it wakes', async () => {
  let frozen = 0;
  // Each time at another operation: before progress is read, rows are read, written, progress moves, …
  for (let freezeAt = 1; freezeAt <= 12; freezeAt++) {
    const scene = createScene();
    scene.stream.add('a');
    scene.play('a', 'u1', 4);
    scene.play('a', 'u2', 4);
    const zombie = scene.start('zombie', { batchRecords: 6, freezeAt });
    await scene.time.pass(3_000);
    if (!zombie.isFrozen()) continue;
    frozen++;
    const heir = scene.start('heir', { batchRecords: 5 });
    await scene.time.until(() => scene.owners().a === 'heir', 'another takes over');
    await scene.time.until(async () => (await scene.progress())?.sequence === 8n, 'all is settled');
    scene.play('a', 'u1', 2);
    await scene.time.until(async () => (await scene.progress())?.sequence === 10n, 'all is settled');
    zombie.thaw();
    await scene.time.until(() => zombie.changes().includes('lost a'), 'the zombie notices');
    expect(await scene.plays(), `frozen at ${freezeAt}`).toEqual({ u1: 6, u2: 4 });
    expect(scene.owners()).toEqual({ a: 'heir' });
    await Promise.all([zombie.stop(), heir.stop()]);
    expect((await scene.progress())?.sequence).toBe(10n);
  }
  expect(frozen).toBeGreaterThan(6);
});

test('children wait until all of their parents is settled, whoever works at them', async () => {
  let isThrottled = true;
  const scene = createScene({
    fault: (_, { key }) => (isThrottled && key.includes('u-parent') ? 'throttled' : null),
  });
  scene.stream.add('a');
  scene.play('a', 'u-parent', 6);
  scene.stream.closeShard('a');
  for (const child of ['b', 'c']) {
    scene.stream.add(child, 'a');
    scene.play(child, 'u-child', 5);
  }
  const workers = [scene.start('w1'), scene.start('w2')];
  const attempts = () => workers.flatMap(w => w.attempts.map(({ shard }) => shard));
  await scene.time.until(() => attempts().length > 5, 'the parent is tried');
  await scene.time.pass(30_000);
  expect(new Set(attempts())).toEqual(new Set(['a']));
  isThrottled = false;
  await scene.time.until(async () => (await scene.plays())['u-child'] === 10, 'the children are settled');
  expect(await scene.plays()).toEqual({ 'u-parent': 6, 'u-child': 10 });
  const parent = scene.leases.memory.get(incarnation)!.get('a')!;
  expect([parent.isDrained, parent.owner, parent.checkpoint]).toEqual([true, null, '6']);
  await Promise.all(workers.map(w => w.stop()));
});

test('a new shard is found while the worker runs, and a drained one is not read again', async () => {
  const scene = createScene();
  scene.stream.add('a');
  const worker = scene.start('w1');
  await scene.time.until(() => scene.owners().a === 'w1', 'it has the shard');
  scene.play('a', 'u1', 2);
  scene.stream.closeShard('a');
  scene.stream.add('b', 'a');
  scene.stream.add('c', 'a');
  scene.play('b', 'u2', 2);
  await scene.time.until(() => worker.settledRecords() === 4, 'the children are settled');
  scene.stream.closeShard('b');
  scene.stream.closeShard('c');
  scene.stream.add('d', 'b', 'c');
  scene.play('d', 'u3', 2);
  await scene.time.until(() => worker.settledRecords() === 6, 'what they were merged into is settled');
  await worker.stop();
  const again = scene.start('w2');
  await scene.time.until(() => scene.owners().d === 'w2', 'it is taken');
  await scene.time.pass(60_000);
  expect(again.changes()).toEqual(['taken d']);
  await again.stop();
});

test('what fails is given again from the first record that failed, after growing pauses, without end', async () => {
  const scene = createScene({
    fault: (_, { key }) => (key.includes('u2') && worker.attempts.length <= 5 ? 'throttled' : null),
  });
  scene.stream.add('a');
  scene.play('a', 'u1', 2);
  scene.play('a', 'u2', 2);
  scene.play('a', 'u1', 1);
  const worker = scene.start('w1');
  await scene.time.until(() => worker.settledRecords() === 5, 'all is settled');
  expect(await scene.plays()).toEqual({ u1: 3, u2: 2 });
  const [first, ...again] = worker.attempts;
  expect(first!.sequences).toEqual([1, 2, 3, 4]);
  expect(again[0]!.sequences).toEqual([3, 4]);
  expect(worker.troubles().length).toBeGreaterThan(2);
  const pauses = again.slice(1).map((attempt, i) => attempt.at - again[i]!.at);
  expect(pauses.slice(0, 3)).toEqual([...pauses.slice(0, 3)].sort((x, y) => x - y));
  expect(pauses[0]).toBeGreaterThan(0);
  await worker.stop();
});

test('a record that no batch with it survives comes alone in the end, and the others are settled', async () => {
  const scene = createScene({
    onAttempt(_, sequences) {
      if (sequences.includes(7) && sequences.length > 1) throw new TypeError('what is that?');
    },
  });
  scene.stream.add('a');
  scene.play('a', 'u1', 20);
  const worker = scene.start('w1', { batchRecords: 20 });
  await scene.time.until(() => worker.settledRecords() === 20, 'all is settled');
  expect(await scene.plays()).toEqual({ u1: 20 });
  expect(worker.attempts.map(({ sequences }) => sequences)).toContainEqual([7]);
  expect(new Set(worker.troubles())).toEqual(new Set(['what is that?']));
  await worker.stop();
});

test('a store, a stream or leases that fail for a while delay, and no more', async () => {
  let down = true;
  const fail = () => {
    if (down) throw new StoreError('throttled', 'rate exceeded');
  };
  const scene = createScene({ onRead: fail });
  scene.stream.add('a');
  scene.play('a', 'u1', 5);
  const worker = scene.start('w1');
  await scene.time.pass(20_000);
  expect(worker.troubles().at(-1)).toBe('rate exceeded');
  down = false;
  await scene.time.until(() => worker.settledRecords() === 5, 'it goes on');
  down = true;
  scene.play('a', 'u1', 3);
  await scene.time.pass(20_000);
  down = false;
  await scene.time.until(() => worker.settledRecords() === 8, 'it goes on');
  expect(await scene.plays()).toEqual({ u1: 8 });
  await worker.stop();
});

test('a stop finishes the batch in hand and begins no other', async () => {
  const scene = createScene();
  scene.stream.add('a');
  scene.play('a', 'u1', 12);
  const worker = scene.start('w1', { freezeAt: 2 });
  await scene.time.until(worker.isFrozen, 'a batch has begun');
  worker.stopping();
  await scene.time.pass(1_000);
  expect(await scene.progress()).toBeNull();
  worker.thaw();
  await worker.ended;
  expect((await scene.progress())?.sequence).toBe(4n);
  expect(await scene.plays()).toEqual({ u1: 4 });
  expect(scene.owners()).toEqual({ a: null });
});
