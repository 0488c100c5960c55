import { expect, test } from 'vitest';
import { randomOf } from '../../kernel/build.ts';
import { createScene } from './scene.ts';

const seeds = Array.from({ length: 25 }, (_, i) => i + 1);

/**
 * Workers come, stop, die, stand still and wake again, while plays come in, the stream is split and merged, and stores fail
 * now and then. In the end every play counts once, and no shard was begun before its parents were settled.
 */
test.each(seeds)('whatever happens to workers and shards, every play counts once (seed %i)', async seed => {
  const random = randomOf(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const parents = new Map<string, readonly string[]>();
  const lastOf = new Map<string, bigint>();
  const early: string[] = [];
  /** How many writes fail. */
  let failing = 0;
  const scene = createScene({
    random,
    fault: () => {
      if (failing === 1) return 'throttled';
      if (random() >= failing) return null;
      return (['throttled', 'failed', 'failed after writing'] as const)[below(3)]!;
    },
    async onAttempt(shard) {
      for (const parent of parents.get(shard) ?? []) {
        const settled = (await scene.progress(parent))?.sequence;
        if (settled !== lastOf.get(parent)) early.push(`${shard}, after ${settled} of ${parent}`);
      }
    },
  });
  const open: string[] = [];
  let shards = 0;
  const add = (...from: readonly string[]): void => {
    const shard = `s${shards++}`;
    parents.set(shard, from);
    scene.stream.add(shard, ...from);
    open.push(shard);
  };
  const closeOne = (): string => {
    const [shard] = open.splice(below(open.length), 1) as [string];
    scene.stream.closeShard(shard);
    return shard;
  };
  const wanted: Record<string, number> = {};
  const play = (): void => {
    const shard = open[below(open.length)]!;
    const user = `u${below(6)}`;
    const times = 1 + below(6);
    lastOf.set(shard, scene.play(shard, user, times));
    wanted[user] = (wanted[user] ?? 0) + times;
  };
  for (let i = 0; i < 3; i++) add();

  let names = 0;
  const start = () => scene.start(`w${names++}`, { batchRecords: 1 + below(8) });
  type Worker = ReturnType<typeof start>;
  const awake = new Set<Worker>([start()]);
  const frozen = new Set<Worker>();
  const stopped: Worker[] = [];
  const any = (of: Set<Worker>): Worker | undefined => [...of][below(of.size)];
  const move = (worker: Worker, from: Set<Worker>, to: Set<Worker>): void => {
    from.delete(worker);
    to.add(worker);
  };

  const steps: readonly (() => void)[] = [
    play,
    play,
    play,
    () => {
      if (awake.size < 4) awake.add(start());
    },
    () => {
      const worker = any(awake);
      if (worker === undefined) return;
      worker.freeze();
      move(worker, awake, frozen);
    },
    () => {
      const worker = any(frozen);
      if (worker === undefined) return;
      worker.thaw();
      move(worker, frozen, awake);
    },
    () => {
      const worker = any(awake);
      if (worker === undefined) return;
      worker.stopping();
      awake.delete(worker);
      stopped.push(worker);
    },
    () => {
      // While some fail the transform itself tries again, with success; it gives up where all do.
      failing = [0, 0.1, 1][below(3)]!;
    },
    () => {
      if (random() < 0.5 && open.length < 6) {
        const parent = closeOne();
        add(parent);
        add(parent);
      } else if (open.length > 2) {
        add(closeOne(), closeOne());
      }
    },
  ];
  for (let step = 0; step < 80; step++) {
    steps[below(steps.length)]!();
    await scene.time.pass(below(4_000));
  }

  failing = 0;
  const last = start();
  await scene.time.until(async () => {
    for (const [shard, sequence] of lastOf) {
      if ((await scene.progress(shard))?.sequence !== sequence) return false;
    }
    return true;
  }, 'all is settled');
  // Those that stood still for long wake when all is done.
  for (const worker of frozen) worker.thaw();
  await scene.time.pass(30_000);
  expect(await scene.plays()).toEqual(wanted);
  const all = [...awake, ...frozen, last];
  for (const worker of all) worker.stopping();
  await Promise.all([...all, ...stopped].map(worker => worker.ended));
  expect(await scene.plays()).toEqual(wanted);
  expect(early).toEqual([]);
  expect(Object.values(scene.owners()).filter(owner => owner !== null)).toEqual([]);
});
