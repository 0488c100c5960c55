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

  /** A class, for what is asked most is then one step away. */
  class Watch implements RowWatch {
    hasChanged = false;
    readonly key: string;
    next: Watch | undefined;

    constructor(key: string) {
      this.key = key;
      this.next = watched.get(key);
      watched.set(key, this);
    }

    end(): void {
      if (this.hasChanged) return;
      this.hasChanged = true;
      const first = watched.get(this.key)!;
      if (first === this) {
        if (this.next === undefined) watched.delete(this.key);
        else watched.set(this.key, this.next);
        return;
      }
      let before = first;
      while (before.next !== this) before = before.next!;
      before.next = this.next;
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
