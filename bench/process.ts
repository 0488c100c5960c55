import { benchmarks } from './cases/index.ts';
import type { Order, Said } from './own-process.ts';

/** The process of one benchmark; see own-process.ts. */
process.once('message', async (order: Order) => {
  const { name, runs, shrink } = order;
  const say = (said: Said, done?: () => void) => process.send?.(said, undefined, undefined, done);
  const results = await benchmarks[name]!({ runs, shrink, progress: progress => void say({ progress }) });
  say({ results }, () => process.exit());
});
