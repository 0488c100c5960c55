/** Runs what happens in a simulated world in the order of simulated time. No real time passes. */
export interface Scheduler {
  /** Epoch ms. */
  now(): number;
  after(ms: number, run: () => void): void;
  at(time: number, run: () => void): void;
  /** Runs until nothing is left to happen, or `mostSteps` things happened; true in the first case. */
  run(mostSteps: number): Promise<boolean>;
  readonly steps: number;
}

interface Task {
  readonly time: number;
  /** Tasks of one time run in the order they were made. */
  readonly order: number;
  readonly run: () => void;
}

export function createScheduler(start: number): Scheduler {
  const heap: Task[] = [];
  let now = start;
  let made = 0;
  let steps = 0;

  function at(time: number, run: () => void): void {
    const task = { time: Math.max(time, now), order: made++, run };
    let i = heap.length;
    heap.push(task);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent] as Task;
      if (!isBefore(task, above)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = task;
  }

  function take(): Task {
    const first = heap[0] as Task;
    const last = heap.pop() as Task;
    if (heap.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Task, heap[child] as Task)) child++;
      if (!isBefore(heap[child] as Task, last)) break;
      heap[i] = heap[child] as Task;
      i = child;
    }
    heap[i] = last;
    return first;
  }

  return {
    now: () => now,
    at,
    after: (ms, run) => at(now + ms, run),
    async run(mostSteps) {
      for (; heap.length > 0; steps++) {
        if (steps >= mostSteps) return false;
        const task = take();
        now = task.time;
        task.run();
        await othersAreWaiting();
      }
      return true;
    },
    get steps() {
      return steps;
    },
  };
}

const isBefore = (a: Task, b: Task): boolean => a.time < b.time || (a.time === b.time && a.order < b.order);

/** Node takes the next tick up once all promises that can go on have gone on: all then wait for a task. */
const othersAreWaiting = (): Promise<void> => new Promise(resolve => process.nextTick(resolve));
