import type { FaultCounts } from './faults.ts';
import type { Profile } from './profile.ts';
import type { Random } from './random.ts';

/** One who calls the store: an attempt at a batch, or a reader. */
export interface Client {
  readonly random: Random;
  readonly chances: Profile['chances'];
  readonly counts: FaultCounts;
  /** It died: nothing that it still has under way at the client's end happens. */
  readonly isDead: boolean;
  /** How many ms its next call takes to reach the store. */
  delay(): number;
  /** Called when a call has reached the store, and when it took effect: the client may die there. `last` is its last chance. */
  step(moment: 'before' | 'after' | 'between' | 'last'): void;
}
