import type { Clock, LogRecord, ShardProgress, StateStore } from './ports.ts';

export interface CrashGuardOptions {
  readonly store: Pick<StateStore, 'readNote' | 'writeNote'>;
  readonly incarnation: string;
  readonly code: string;
  readonly clock: Clock;
  readonly guardAfterMs: number;
}

export interface CrashGuard {
  /** Whether these records are one that ends the process which folds it. Where they are not, the attempt is noted. */
  blames(
    shard: string,
    records: readonly LogRecord[],
    progress: ReadonlyMap<string, ShardProgress>,
  ): Promise<boolean>;
  /** Takes the note back: the attempt came to its end, and what failed is the store's fault. */
  forgive(shard: string, records: readonly LogRecord[]): Promise<void>;
}

/**
 * Finds the record that ends its process (DESIGN, "Failures"). Who feeds the transform cuts a batch that died until
 * the record comes alone; here each attempt at a single record is noted before it is made. One that was tried so often
 * and never passed, by code that has settled other records of the stream, is to blame itself. Until some shard was
 * moved on by this very code, the code may be to blame, and the record is tried for ever.
 *
 * Costs a note for each attempt at a single record older than `guardAfterMs`, another one where the store failed it,
 * and nothing for others.
 */
export function createCrashGuard(options: CrashGuardOptions): CrashGuard {
  const { store, incarnation, code, clock, guardAfterMs } = options;

  const nameOf = (shard: string): string => `attempts/${shard}`;

  /** How often a record was tried by this code. */
  async function attemptsAt(shard: string, { sequence }: LogRecord): Promise<number> {
    const before = parse(await store.readNote(incarnation, nameOf(shard)));
    return before?.sequence === sequence.toString() && before.code === code ? before.attempts : 0;
  }

  function note(shard: string, { sequence }: LogRecord, attempts: number): Promise<void> {
    const text: Attempts = { sequence: sequence.toString(), code, attempts };
    return store.writeNote(incarnation, nameOf(shard), JSON.stringify(text));
  }

  return {
    async blames(shard, records, progress) {
      const [only] = records;
      if (only === undefined || records.length > 1) return false;
      if (guardAfterMs > 0 && clock.now() - only.arrivalTime < guardAfterMs) return false;
      const attempts = await attemptsAt(shard, only);
      const codeWorks = [...progress.values()].some(moved => moved.code === code);
      if (attempts >= mostAttempts && codeWorks) return true;
      await note(shard, only, attempts + 1);
      return false;
    },
    async forgive(shard, records) {
      const [only] = records;
      if (only === undefined || records.length > 1) return;
      const attempts = await attemptsAt(shard, only);
      if (attempts > 0) await note(shard, only, attempts - 1);
    },
  };
}

/** A record that ended its process so often is not folded again. */
export const mostAttempts = 3;

interface Attempts {
  readonly sequence: string;
  readonly code: string;
  readonly attempts: number;
}

const parse = (note: string | null): Attempts | null => (note === null ? null : JSON.parse(note));
