import {
  compileDecoder,
  type GroupKernel,
  isRejection,
  type State,
  type StreamEvent,
} from '../../lib/kernel/index.ts';
import { randomNumbers } from '../random.ts';
import { type Benchmark, clocked, collectGarbage, median, type Result } from '../result.ts';
import { createEvents, kernelOf, timeOf, workload } from '../workload.ts';

/**
 * Folding decoded events into states in memory, on one core: the lookup of the user's state by key and the update
 * of all its partials. The floor is the same lookup and one addition to a counter.
 */
export const fold: Benchmark = async ({ runs, shrink, progress }) => {
  const results: Result[] = [];
  const cases = [
    { group: 'engagement', keys: 10_000, goal: 1.5 },
    { group: 'engagement', keys: 100_000, goal: 0.7 },
    { group: 'interests', keys: 10_000, goal: undefined },
  ] as const;
  for (const { group, keys, goal } of cases) {
    const users = Math.ceil(keys / shrink);
    const count = Math.ceil(2_000_000 / shrink);
    const rates: number[] = [];
    const floors: number[] = [];
    for (let run = 0; run < runs; run++) {
      progress(`fold ${group}, ${users} keys, run ${run + 1} of ${runs}`);
      const events = decodedEvents(users, Math.min(count, 400_000));
      const kernel = kernelOf(group);
      rates.push(foldAll(kernel, events, users, count));
      floors.push(countAll(events, users, count));
    }
    results.push({
      id: `fold.${group}.${keys}`,
      value: median(rates),
      unit: 'M events/s',
      floor: median(floors),
      ...(goal === undefined ? {} : { goal }),
      note: 'memory: a state is several cache lines that its user’s next event finds cold',
    });
  }
  return results;
};

/** Events in time order, of users drawn evenly; used round and round with their times moved on. */
function decodedEvents(users: number, count: number): StreamEvent[] {
  const random = randomNumbers(1);
  const create = createEvents(2);
  const stream = workload.plan.streams[0];
  if (stream === undefined) throw new Error('no stream');
  const decode = compileDecoder(stream);
  return Array.from({ length: count }, (_, n) => {
    const event = decode(create(n, Math.floor(random() * users)), timeOf(n), {
      shard: '',
      sequence: n,
      index: 0,
    });
    if (isRejection(event)) throw new Error(event.detail);
    return event;
  });
}

function foldAll(kernel: GroupKernel, events: readonly StreamEvent[], users: number, count: number): number {
  const states = new Map<string, State>();
  const apply = (n: number): void => {
    const event = events[n % events.length] as { -readonly [K in keyof StreamEvent]: StreamEvent[K] };
    event.time = timeOf(n);
    const key = kernel.keyOf(event.values) as string;
    let state = states.get(key);
    if (state === undefined) {
      state = kernel.createState();
      states.set(key, state);
    }
    kernel.update(state, event);
  };
  // Every user has been seen, and the code is compiled, before the clock starts.
  const warm = Math.max(users * 3, 200_000);
  for (let n = 0; n < warm; n++) apply(n);
  collectGarbage();
  const elapsed = clocked(() => {
    for (let n = warm; n < warm + count; n++) apply(n);
  });
  return count / elapsed / 1000;
}

function countAll(events: readonly StreamEvent[], users: number, count: number): number {
  const key = kernelOf('engagement').keyOf;
  const counters = new Map<string, { n: number }>();
  for (let i = 0; i < users; i++) counters.set(`user_${i}`, { n: 0 });
  const elapsed = clocked(() => {
    for (let n = 0; n < count; n++) {
      const event = events[n % events.length] as StreamEvent;
      const counter = counters.get(key(event.values) as string);
      if (counter !== undefined) counter.n++;
    }
  });
  return count / elapsed / 1000;
}
