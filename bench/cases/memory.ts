import { withLive } from '../live/running.ts';
import { type Benchmark, median, type Result } from '../result.ts';

/**
 * Resident memory of the service after 2 and after 10 million events over HTTP of 600,000 users drawn evenly, garbage
 * collected, native memory included. It takes minutes, so it runs when it is asked for by name.
 */
export const memory: Benchmark = async ({ runs, shrink, progress }) => {
  const million = Math.ceil(1_000_000 / shrink);
  const users = Math.ceil(600_000 / shrink);
  const measured: { readonly before: number; readonly after: number }[] = [];
  for (let run = 0; run < runs; run++) {
    measured.push(
      await withLive({ definitions: 'engagement' }, async ({ url, service, client, caughtUp }) => {
        const residentAfter = async (from: number, to: number) => {
          for (let n = from; n < to; n++) {
            progress(`memory: run ${run + 1} of ${runs}, ${n} million events`);
            await client.ask('sendEven', { url, events: million, users, seed: 1_000 * run + n });
          }
          await caughtUp();
          return (await service.ask('memory')).resident / 2 ** 20;
        };
        return { before: await residentAfter(0, 2), after: await residentAfter(2, 10) };
      }),
    );
  }
  const of = (figure: (one: (typeof measured)[number]) => number): number => median(measured.map(figure));
  const results: Result[] = [
    { id: 'memory.2M', value: of(one => one.before), unit: 'MiB' },
    { id: 'memory.10M', value: of(one => one.after), unit: 'MiB', note: 'row cache 256 MiB, RocksDB, heap' },
    { id: 'memory.growth', value: of(one => one.after / one.before), unit: 'of 2M', goal: 1.1, lower: true },
  ];
  return results;
};
