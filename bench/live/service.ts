import { type Served, serve } from '../../lib/local/index.ts';
import { collectGarbage } from '../result.ts';
import { answering } from './asking.ts';
import { type LiveDefinitions, liveDefinitions } from './definitions.ts';

/** The service that a live benchmark measures, as a process of its own that its parent asks. */
export interface ServiceQuestions {
  start: (options: ServiceOptions) => Promise<{ readonly url: string }>;
  /** Events that wait to be processed: now, and the most at any moment that was looked at, every 2 ms. */
  lag: () => Promise<{ readonly behind: number; readonly most: number }>;
  /** Bytes when garbage is collected: resident, and of these JavaScript's. */
  memory: () => Promise<{ readonly resident: number; readonly heap: number }>;
  /** Microseconds of processor time so far: of the thread that does all, and of the whole process. */
  cpu: () => Promise<{ readonly thread: number; readonly process: number }>;
  stop: () => Promise<void>;
}

export interface ServiceOptions {
  readonly directory: string;
  readonly definitions: LiveDefinitions;
  readonly windowMs?: number;
}

let served: Served;
let most = 0;

answering<ServiceQuestions>({
  async start({ definitions, ...options }) {
    served = await serve({
      ...options,
      definitions: liveDefinitions[definitions],
      create: true,
      port: 0,
      onError: error => console.error(error),
    });
    setInterval(() => {
      most = Math.max(most, served.behind());
    }, 2).unref();
    return { url: served.url };
  },
  lag: async () => ({ behind: served.behind(), most }),
  async memory() {
    // Again after a while: what the first collection let go of is freed by finalizers.
    collectGarbage();
    await new Promise(resolve => setTimeout(resolve, 200));
    collectGarbage();
    const { rss, heapUsed } = process.memoryUsage();
    return { resident: rss, heap: heapUsed };
  },
  async cpu() {
    const sum = ({ user, system }: NodeJS.CpuUsage) => user + system;
    return { thread: sum(process.threadCpuUsage()), process: sum(process.cpuUsage()) };
  },
  stop: () => served.stop(),
});
