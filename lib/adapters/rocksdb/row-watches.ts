import type { RowWatch } from '../../runtime/ports.ts';

/** Who wants to know whether rows under a key change. */
export interface RowWatches {
  watch(key: string): RowWatch;
  changed(keys: readonly string[]): void;
  allChanged(): void;
}

export function createRowWatches(): RowWatches {
  /** Of each key the first of those that watch it. Who was told is not here any more. */
  const watched = new Map<string, Watch>();

  /** A class, for what is asked most is then one step away. Linked, for thousands may watch one key and end one by one. */
  class Watch implements RowWatch {
    hasChanged = false;
    readonly key: string;
    before: Watch | undefined;
    next: Watch | undefined;

    constructor(key: string) {
      this.key = key;
      this.next = watched.get(key);
      if (this.next !== undefined) this.next.before = this;
      watched.set(key, this);
    }

    end(): void {
      if (this.hasChanged) return;
      this.hasChanged = true;
      const { key, before, next } = this;
      if (next !== undefined) next.before = before;
      if (before !== undefined) before.next = next;
      else if (next !== undefined) watched.set(key, next);
      else watched.delete(key);
    }
  }

  function tell(first: Watch | undefined): void {
    for (let watch = first; watch !== undefined; watch = watch.next) watch.hasChanged = true;
  }

  return {
    watch: key => new Watch(key),

    changed(keys) {
      if (watched.size === 0) return;
      for (const key of keys) {
        const first = watched.get(key);
        if (first === undefined) continue;
        tell(first);
        watched.delete(key);
      }
    },

    allChanged() {
      for (const first of watched.values()) tell(first);
      watched.clear();
    },
  };
}
