import { arrivalBytes, createFeed, noFaults } from '../../features/feed/generator/index.ts';
import type { World } from './world.ts';

export interface TrafficReport {
  readonly events: number;
  readonly reads: number;
  /** Of requests that were not answered as they should be, what was answered instead. */
  readonly errors: readonly string[];
}

/** Producers and readers of a deployed API, until they are stopped: good events, each sent once, and reads of users. */
export function startTraffic(
  { http }: World,
  { seed }: { readonly seed: number },
): {
  stop(): Promise<TrafficReport>;
} {
  const feed = createFeed({
    seed,
    users: 50,
    items: 80,
    authors: 10,
    // An hour of events takes longer than any deployment here.
    start: Date.now() - 3_600_000,
    eventsPerSecond: 1,
    steady: true,
    rates: noFaults,
  });
  const errors: string[] = [];
  let events = 0;
  let reads = 0;
  let isStopped = false;
  const entities = Array.from({ length: 20 }, (_, i) => ({ user: `u${i}` }));

  async function attempt(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      errors.push(`${new Date().toISOString()} ${what}: ${(error as Error).message}`);
    }
  }

  async function produce(): Promise<void> {
    while (!isStopped) {
      const lines = Array.from({ length: 20 }, () => Buffer.from(arrivalBytes(feed.next().value)));
      const body = Buffer.concat(lines.flatMap(line => [line, Buffer.from('\n')]));
      await attempt('events', async () => {
        const { accepted } = await http.send(body);
        events += accepted;
        if (accepted !== lines.length) throw new Error(`${accepted} of ${lines.length} were accepted`);
      });
      await new Promise(resolve => setTimeout(resolve, 200));
    }
  }

  async function read(): Promise<void> {
    while (!isStopped) {
      await attempt('features', async () => {
        const answer = await http.read('user_engagement', entities);
        reads++;
        const failed = answer.entities.find(({ status }) => status === 'failed');
        if (failed !== undefined) throw new Error(`an entity failed: ${failed.error}`);
      });
      await new Promise(resolve => setTimeout(resolve, 100));
    }
  }

  const running = Promise.all([produce(), read()]);
  return {
    async stop() {
      isStopped = true;
      await running;
      return { events, reads, errors };
    },
  };
}
