/** What is due at some time, in the order of times and, at one time, of addition. */
export interface Schedule<T> {
  add(time: number, what: T): void;
  /** When the first is due; infinity when nothing is. */
  nextTime(): number;
  /** Takes the first out. There must be one. */
  take(): T;
}

/** A binary heap over parallel arrays, so that comparing follows no references. */
export function createSchedule<T>(): Schedule<T> {
  const times: number[] = [];
  const orders: number[] = [];
  const entries: T[] = [];
  let added = 0;

  const isBefore = (time: number, order: number, i: number): boolean => {
    const other = times[i] as number;
    return time < other || (time === other && order < (orders[i] as number));
  };

  function put(i: number, time: number, order: number, what: T): void {
    times[i] = time;
    orders[i] = order;
    entries[i] = what;
  }

  return {
    add(time, what) {
      const order = added++;
      let i = times.length;
      while (i > 0) {
        const parent = (i - 1) >> 1;
        if (!isBefore(time, order, parent)) break;
        put(i, times[parent] as number, orders[parent] as number, entries[parent] as T);
        i = parent;
      }
      put(i, time, order, what);
    },

    nextTime: () => (times.length === 0 ? Number.POSITIVE_INFINITY : (times[0] as number)),

    take() {
      const first = entries[0] as T;
      const time = times.pop() as number;
      const order = orders.pop() as number;
      const what = entries.pop() as T;
      const n = times.length;
      if (n === 0) return first;
      let i = 0;
      for (;;) {
        let child = 2 * i + 1;
        if (child >= n) break;
        const right = child + 1;
        if (right < n && isBefore(times[right] as number, orders[right] as number, child)) child = right;
        if (isBefore(time, order, child)) break;
        put(i, times[child] as number, orders[child] as number, entries[child] as T);
        i = child;
      }
      put(i, time, order, what);
      return first;
    },
  };
}
