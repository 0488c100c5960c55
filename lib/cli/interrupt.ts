import { exitCodes } from './exit-codes.ts';

/**
 * Runs work that Ctrl-C (or a TERM signal) asks to finish: the first aborts the signal, the second quits at once,
 * which is safe too, as everything is written so that it may stop anywhere.
 */
export async function untilInterrupted<T>(
  work: (signal: AbortSignal) => Promise<T>,
  finishing = 'after the batch in hand',
): Promise<T> {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(exitCodes.stopped);
    controller.abort();
    process.stderr.write(`\nstopping ${finishing}; Ctrl-C again quits at once\n`);
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const name of signals) process.on(name, onSignal);
  try {
    return await work(controller.signal);
  } finally {
    for (const name of signals) process.off(name, onSignal);
  }
}
