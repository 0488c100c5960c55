import type { Clock, LogRecord, ShardProgress, StateStore } from './ports.ts';

export interface CrashGuardOptions {
  readonly store: Pick<StateStore, 'readNote' | 'writeNote'>;
  readonly incarnation: string;
  readonly code: string;
  readonly clock: Clock;
  readonly guardAfterMs: number;
}

/** Whether these records are one that ends the process which folds it. */
export type CrashGuard = (
  shard: string,
  records: readonly LogRecord[],
  progress: ReadonlyMap<string, ShardProgress>,
) => Promise<boolean>;

/**
 * Finds the record that ends its process (DESIGN, "Failures"). Who feeds the transform cuts a batch that died until
 * the record comes alone; here each attempt at a single record is noted before it is made. One that was tried so often
 * and never passed, by code that has settled other records of the stream, is to blame itself. Until some shard was
 * moved on by this very code, the code may be to blame, and the record is tried for ever.
 *
 * Costs a note for each attempt at a single record older than `guardAfterMs`, and nothing for others.
 */
export function createCrashGuard(options: CrashGuardOptions): CrashGuard {
  const { store, incarnation, code, clock, guardAfterMs } = options;

  return async (shard, records, progress) => {
    const [only] = records;
    if (only === undefined || records.length > 1) return false;
    if (guardAfterMs > 0 && clock.now() - only.arrivalTime < guardAfterMs) return false;
    const name = `attempts/${shard}`;
    const before = parse(await store.readNote(incarnation, name));
    const sequence = only.sequence.toString();
    const isSame = before?.sequence === sequence && before.code === code;
    const attempts = isSame ? before.attempts : 0;
    const codeWorks = [...progress.values()].some(moved => moved.code === code);
    if (attempts >= mostAttempts && codeWorks) return true;
    await store.writeNote(
      incarnation,
      name,
      JSON.stringify({ sequence, code, attempts: attempts + 1 } satisfies Attempts),
    );
    return false;
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
