/** Lets so many tasks run at once as the other side bears. */
export interface AdaptiveLimit {
  /** Runs the task when it is its turn; the task calls `press` where it was turned away, for there were too many. */
  run<T>(task: (press: () => void) => Promise<T>): Promise<T>;
  /** How many may run at once now. */
  readonly limit: number;
}

export interface LimitBounds {
  readonly start: number;
  readonly least: number;
  readonly most: number;
}

/**
 * Additive increase, multiplicative decrease, as TCP has it: a round of tasks that went well makes room for one more,
 * one that was turned away halves the room. Of all that were under way when it was halved, only the first halves it.
 */
export function createAdaptiveLimit({ start, least, most }: LimitBounds): AdaptiveLimit {
  const waiting: (() => void)[] = [];
  let limit = start;
  let running = 0;
  let halvings = 0;

  function admit(): void {
    while (running < Math.floor(limit) && waiting.length > 0) {
      running++;
      waiting.shift()?.();
    }
  }

  return {
    get limit() {
      return Math.floor(limit);
    },
    async run(task) {
      await new Promise<void>(resolve => {
        waiting.push(resolve);
        admit();
      });
      const begun = halvings;
      let isPressed = false;
      try {
        return await task(() => {
          isPressed = true;
        });
      } finally {
        running--;
        if (!isPressed) limit = Math.min(most, limit + 1 / limit);
        else if (begun === halvings) {
          halvings++;
          limit = Math.max(least, limit / 2);
        }
        admit();
      }
    },
  };
}
