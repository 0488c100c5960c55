import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Questions that a process answers, each with what it may be given. */
// biome-ignore lint/suspicious/noExplicitAny: each question has options and an answer of its own
type Questions<Q> = { [K in keyof Q]: (options: any) => Promise<unknown> };
type Options<F> = F extends (options: infer O) => unknown ? O : never;
type Answer<F> = F extends (...args: never[]) => Promise<infer A> ? A : never;

/** A process that was started to answer questions. */
export interface Asked<Q extends Questions<Q>> {
  ask<K extends keyof Q & string>(
    question: K,
    ...options: unknown extends Options<Q[K]> ? [] : [Options<Q[K]>]
  ): Promise<Answer<Q[K]>>;
  /** Ends the process, and resolves when it has ended. */
  end(): Promise<void>;
}

/** Starts a program of this folder; one question at a time. */
export function startAsking<Q extends Questions<Q>>(program: string, args: readonly string[] = []): Asked<Q> {
  const child: ChildProcess = fork(fileURLToPath(new URL(program, import.meta.url)), args, {
    execArgv: ['--expose-gc'],
  });
  const exited = once(child, 'exit');
  return {
    async ask(question, ...[options]) {
      child.send({ question, options });
      const answer = await Promise.race([once(child, 'message'), exited.then(() => null)]);
      if (answer === null) throw new Error(`${program} ended while it was asked: ${question}`);
      const { value, error } = answer[0];
      if (error !== undefined) throw new Error(`${program}, asked ${question}: ${error}`);
      return value;
    },
    async end() {
      child.disconnect();
      const killed = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await exited;
      clearTimeout(killed);
    },
  };
}

/** Answers the parent's questions until it disconnects; then the process ends. */
export function answering<Q extends Questions<Q>>(answers: Q): void {
  process.on('message', async ({ question, options }: { question: keyof Q; options: unknown }) => {
    try {
      process.send!({ value: (await answers[question](options)) ?? null });
    } catch (error) {
      process.send!({ error: String((error as Error).stack ?? error) });
    }
  });
  process.on('disconnect', () => process.exit());
}
