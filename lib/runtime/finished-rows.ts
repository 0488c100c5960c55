/**
 * What was computed of rows, for rows that are read again and again while they stay as they are: popular items, in
 * every ranking. Exact: a row's version never comes twice, and until a window's start moves the values of a version
 * are the same.
 */
export interface FinishedRows<T> {
  /** Computed the first two times that a row is asked for at this version and epoch, kept from the second on. */
  get(key: string, version: number, epoch: string, compute: (isKept: boolean) => T): T;
}

/** Keeps what is known of `most` rows at most, and of at least the last half as many that were asked for. */
export function createFinishedRows<T>(most: number): FinishedRows<T> {
  let young = new Map<string, Known<T>>();
  let old = new Map<string, Known<T>>();

  function keep(key: string, known: Known<T>): void {
    if (young.size >= most / 2) {
      old = young;
      young = new Map();
    }
    young.set(key, known);
  }

  return {
    get(key, version, epoch, compute) {
      const inYoung = young.get(key);
      const known = inYoung ?? old.get(key);
      if (known === undefined || known.version !== version || known.epoch !== epoch) {
        keep(key, { version, epoch, computed: null });
        return compute(false);
      }
      if (known.computed === null) known.computed = { result: compute(true) };
      if (inYoung === undefined) keep(key, known);
      return known.computed.result;
    },
  };
}

interface Known<T> {
  readonly version: number;
  readonly epoch: string;
  computed: { readonly result: T } | null;
}
