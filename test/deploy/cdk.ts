import { spawn } from 'node:child_process';
import { MillraceError } from '../../lib/kernel/errors.ts';

/** The CDK's command line ended with an error; the message has the end of what it said. */
export class CdkError extends MillraceError {
  override readonly name = 'CdkError';
}

export interface CdkOptions {
  /** The AWS that it talks to, and as whom. */
  readonly environment: Readonly<Record<string, string>>;
  /** Gets every line that it says. */
  readonly log: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Runs the CDK's command line of this repository. Throws CdkError. */
export async function cdk(args: readonly string[], { environment, log, signal }: CdkOptions): Promise<void> {
  signal.throwIfAborted();
  log(`\n$ cdk ${args.join(' ')}\n`);
  const child = spawn('node_modules/.bin/cdk', args, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log(text);
      said = (said + text).slice(-lastWords);
    });
  }
  const stop = (): boolean => child.kill();
  signal.addEventListener('abort', stop);
  try {
    const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
    signal.throwIfAborted();
    if (code !== 0) throw new CdkError(`cdk ${args.join(' ')} ended with ${code}:\n${said.trim()}`);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

const lastWords = 4_000;
