import { withLive } from '../live/running.ts';
import type { Benchmark } from '../result.ts';

/**
 * Resident memory of the service after 2 and after 10 million events over HTTP of 600,000 users drawn evenly, garbage
 * collected, native memory included. One run, and only when it is asked for by name: it takes minutes.
 */
export const memory: Benchmark = async ({ shrink, progress }) => {
  const million = Math.ceil(1_000_000 / shrink);
  const users = Math.ceil(600_000 / shrink);
  return withLive({ definitions: 'engagement' }, async ({ url, service, client, caughtUp }) => {
    const residentAfter = async (from: number, to: number) => {
      for (let n = from; n < to; n++) {
        progress(`memory: ${n} of 10 million events`);
        await client.ask('sendEven', { url, events: million, users, seed: n });
      }
      await caughtUp();
      return (await service.ask('memory')).resident / 2 ** 20;
    };
    const before = await residentAfter(0, 2);
    const after = await residentAfter(2, 10);
    return [
      { id: 'memory.2M', value: before, unit: 'MiB' },
      { id: 'memory.10M', value: after, unit: 'MiB', note: 'row cache 192 MiB; RocksDB; JavaScript' },
      { id: 'memory.growth', value: after / before, unit: 'of 2M', goal: 1.1, lower: true },
    ];
  });
};
